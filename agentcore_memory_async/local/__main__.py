"""``python -m agentcore_memory_async.local``: the service as a command."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time

import anyio

from agentcore_memory_async.local import (
    Behavior,
    Lags,
    LocalMemoryService,
    LocalServiceError,
    ManualClock,
    StoreError,
)
from agentcore_memory_async.local._command.models import add_model_arguments, models_of
from agentcore_memory_async.local._command.stopping import StopRequest, stop_requests

_SIGNAL_CHECK_S = 0.2
"""Seconds between two checks for a signal."""


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        message = f"{text!r} is not a port; give 0 to 65535"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text)) <= 10_000_000:
            return seconds
    message = f"{text!r} is not a duration; give seconds, 0 to 10,000,000"
    raise argparse.ArgumentTypeError(message)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m agentcore_memory_async.local",
        description="The AgentCore Memory API on this machine, for AWS SDKs.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (%(default)s); one that others reach needs --allow-host",
    )
    parser.add_argument(
        "--port", type=_port, default=8788, help="port, 0 for a free one (%(default)s)"
    )
    parser.add_argument("--db", metavar="FILE", help="SQLite file; in memory if omitted")
    parser.add_argument(
        "--strict", action="store_true", help="unknown memories are 404, as on the real service"
    )
    parser.add_argument(
        "--extraction-delay",
        type=_seconds,
        default=0.5,
        metavar="SECONDS",
        help="time from an event to its long-term records (%(default)s)",
    )
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="accept this Host header"
    )
    parser.add_argument(
        "--provisioning-delay",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="time for which a memory is CREATING, UPDATING or DELETING (%(default)s)",
    )
    parser.add_argument(
        "--throttle", action="store_true", help="refuse what exceeds the service's quotas"
    )
    parser.add_argument(
        "--admin",
        action="store_true",
        help="offer faults, clock, drain and state under /_local/, for tests",
    )
    parser.add_argument(
        "--manual-clock",
        action="store_true",
        help="start at the present time and stand still until it is advanced; needs --admin",
    )
    parser.add_argument("--log-requests", action="store_true", help="a line per request on stderr")
    add_model_arguments(parser)
    arguments = parser.parse_args(argv)
    arguments.models = models_of(parser, arguments)
    if arguments.manual_clock and not arguments.admin:
        parser.error("--manual-clock needs --admin: nothing else can advance the clock")
    return arguments


async def _serve(arguments: argparse.Namespace, stop: StopRequest) -> None:
    extractor, embedder = arguments.models
    service = LocalMemoryService(
        arguments.db,
        host=arguments.host,
        port=arguments.port,
        strict=arguments.strict,
        extraction_delay=arguments.extraction_delay,
        extractor=extractor,
        embedder=embedder,
        behavior=Behavior(throttle=arguments.throttle),
        lags=Lags(provisioning=arguments.provisioning_delay),
        admin=arguments.admin,
        clock=ManualClock(time.time()) if arguments.manual_clock else None,
        allowed_hosts=arguments.allow_host,
    )
    async with service:
        _greet(service, arguments)
        # Nothing wakes the loop for a signal on Windows, or if another thread got it.
        while not stop.received:  # noqa: ASYNC110 - a handler of a signal can't set an event
            await anyio.sleep(_SIGNAL_CHECK_S)
    with contextlib.suppress(BrokenPipeError):  # nobody reads the output any more
        print("stopped", flush=True)


def _greet(service: LocalMemoryService, arguments: argparse.Namespace) -> None:
    where = arguments.db or "memory only: gone when this stops"
    print(f"AgentCore Memory listens on {service.endpoint_url}  ({where})\n")
    print("Point AWS SDKs that read these variables to it:\n")
    for name, value in service.environment.items():
        print(f"  export {name}={value}")
    if arguments.strict:
        print("\nStrict: a memory exists only once it was created.")
    else:
        print("\nAny memory id works, for example chat-a1B2c3D4e5, until its memory is deleted.")
    if arguments.admin:
        print(f"Admin API: {service.endpoint_url}/_local/state")
    print("Ctrl-C stops it.", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = _arguments(argv)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    if arguments.log_requests:
        logging.getLogger("agentcore_memory_async.local.access").setLevel(logging.INFO)
    try:
        with stop_requests() as stop:
            anyio.run(_serve, arguments, stop)
    except (LocalServiceError, StoreError) as error:
        text = error.strerror if isinstance(error, OSError) else str(error)
        print(f"agentcore_memory_async.local: {text}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
