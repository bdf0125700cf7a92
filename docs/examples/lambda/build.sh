#!/usr/bin/env bash
# Builds a function with its dependencies, in a clone, on Linux and by the Python of the function's runtime:
#
#   PYTHON=python3.13 docs/examples/lambda/build.sh docs/examples/lambda/handler.py function.zip
set -euo pipefail
handler=$(realpath "$1") zip=$(realpath "$2") python=${PYTHON:-python3}
cd "$(dirname "$0")/../../.."
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

install() { "$python" -m pip install --quiet --no-warn-conflicts --no-compile --target "$build" "$@"; }
# aioboto3 is left out: nothing here needs it, and it brings boto3 and older versions of the others.
install "aiobotocore>=3.9.2" "aiohttp>=3.11.6" "anyio>=4.8" "attrs>=24.2"
install --no-deps .
cp "$handler" "$build/"

# Of botocore's service models the function needs none: the package has its own two. STS and SSO are
# for credentials of other kinds than a function's.
find "$build/botocore/data" -mindepth 1 -maxdepth 1 -type d ! -name 'bedrock-agentcore*' ! -name 'sts' ! -name 'sso*' -exec rm -r {} +
# The local service and what tests with it.
rm -r "$build"/agentcore_memory_async/{local,testing,verify} "$build/bin"

# A function cannot write bytecode beside its files, so it is there before; by the hash of nothing,
# since a zip file does not keep the times of files by which Python would judge it.
"$python" -m compileall -q --invalidation-mode unchecked-hash "$build"
rm -f "$zip"
"$python" -m zipfile -c "$zip" "$build"/*
