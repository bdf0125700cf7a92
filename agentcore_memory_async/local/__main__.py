"""``python -m agentcore_memory_async.local``: the service as a command."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from attrs import evolve

from agentcore_memory_async.local import (
    LocalMemoryService,
    LocalServiceError,
    ManualClock,
    Profile,
    ProfileError,
    StoreError,
    read_profile,
)
from agentcore_memory_async.local._command.child import Child
from agentcore_memory_async.local._command.models import add_model_arguments, models_of
from agentcore_memory_async.local._command.ready_file import ready_file
from agentcore_memory_async.local._command.shells import (
    assignments,
    child_environment,
    running_shell,
)
from agentcore_memory_async.local._command.stopping import StopRequest, stop_requests
from agentcore_memory_async.local._command.trace import show_trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_NAME = "python -m agentcore_memory_async.local"
"""How the command is started."""
_PORT = 8788
"""Port of a service that is not started for one program."""
_FAILED = 125
"""Exit status of exec where the service fails: none of those that programs commonly have."""
_DUMP_S = 60.0
"""Seconds that a dump may take after a signal."""
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


def _new_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        message = f"{text!r} can't be written; give a file in a folder that exists"
        raise argparse.ArgumentTypeError(message)
    return path


def _add_service_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (%(default)s); one that others reach needs --allow-host",
    )
    parser.add_argument(
        "--port",
        type=_port,
        help=f"port, 0 for a free one ({_PORT}; with exec a free one)",
    )
    parser.add_argument("--db", metavar="FILE", help="SQLite file; in memory if omitted")
    parser.add_argument(
        "--strict", action="store_true", help="unknown memories are 404, as on the real service"
    )
    parser.add_argument(
        "--extraction-delay",
        type=_seconds,
        metavar="SECONDS",
        help="time from an event to its long-term records (0.5)",
    )
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="accept this Host header"
    )
    parser.add_argument(
        "--provisioning-delay",
        type=_seconds,
        metavar="SECONDS",
        help="time for which a memory is CREATING, UPDATING or DELETING (0)",
    )
    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="behave as agentcore_memory_async.verify measured; other options take precedence",
    )
    parser.add_argument(
        "--throttle", action="store_true", help="refuse what exceeds the service's quotas"
    )
    parser.add_argument(
        "--admin",
        action="store_true",
        help="offer faults, clock, drain, reset and state under /_local/, for tests",
    )
    parser.add_argument(
        "--manual-clock",
        action="store_true",
        help="start at the present time and stand still until it is advanced; needs --admin",
    )


def _add_file_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=Path, metavar="FILE", help="load these lines of an export before listening"
    )
    parser.add_argument(
        "--dump-on-exit", type=_new_file, metavar="FILE", help="write such lines when it stops"
    )
    parser.add_argument(
        "--ready-file",
        type=_new_file,
        metavar="FILE",
        help="write URL and variables there as JSON once it is ready; removed when it stops",
    )


def _about(others: list[str], own: list[str], *, is_exec: bool) -> str:
    """Return what is wrong where arguments are not the command's: a program's, maybe."""
    program = next((each for each in others if not each.startswith("-")), None)
    if not is_exec or program is None:
        return f"unrecognized arguments: {' '.join(others)}"
    at = own.index(program)
    return f"a program goes behind --: {_NAME} {shlex.join([*own[:at], '--', *own[at:]])}"


def _arguments(argv: list[str]) -> argparse.Namespace:
    # Programs have options of their own, and argparse would take those for the command's.
    end = argv.index("--") if "--" in argv else len(argv)
    own, program = argv[:end], argv[end + 1 :]
    parser = argparse.ArgumentParser(
        prog=_NAME,
        usage=f"{_NAME} [options]\n       {_NAME} exec [options] -- PROGRAM [ARGUMENT ...]",
        description="The AgentCore Memory API on this machine, for AWS SDKs.",
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=["exec"],
        help="run the program after -- with the service, and stop when it has ended",
    )
    _add_service_options(parser)
    add_model_arguments(parser)
    _add_file_options(parser)
    parser.add_argument("--trace", action="store_true", help="a line for each request on stderr")

    arguments, others = parser.parse_known_intermixed_args(own)
    if others:
        parser.error(_about(others, own, is_exec=arguments.action == "exec" and not program))
    arguments.program = program
    if bool(program) != (arguments.action == "exec"):
        parser.error("exec and a program go together: exec -- pytest")
    arguments.models = models_of(parser, arguments)
    if arguments.port is None:
        arguments.port = 0 if program else _PORT
    if arguments.manual_clock and not arguments.admin:
        parser.error("--manual-clock needs --admin: nothing else can advance the clock")
    return arguments


def _service(arguments: argparse.Namespace) -> LocalMemoryService:
    extractor, embedder = arguments.models
    measured = read_profile(arguments.profile) if arguments.profile else Profile()
    behavior, lags, delay = measured.behavior, measured.lags, measured.extraction_delay
    if arguments.provisioning_delay is not None:
        lags = evolve(lags, provisioning=arguments.provisioning_delay)
    return LocalMemoryService(
        arguments.db,
        host=arguments.host,
        port=arguments.port,
        strict=arguments.strict,
        extraction_delay=delay
        if arguments.extraction_delay is None
        else arguments.extraction_delay,
        extractor=extractor,
        embedder=embedder,
        behavior=evolve(behavior, throttle=arguments.throttle or behavior.throttle),
        lags=lags,
        seed=arguments.seed,
        dump=arguments.dump_on_exit,
        admin=arguments.admin,
        clock=ManualClock(time.time()) if arguments.manual_clock else None,
        allowed_hosts=arguments.allow_host,
    )


async def _run(
    arguments: argparse.Namespace,
    stop: StopRequest,
    use: Callable[[LocalMemoryService], Awaitable[None]],
) -> None:
    """Run the service while it is used; a signal cancels that, and its start as well."""
    if arguments.ready_file is not None:
        arguments.ready_file.unlink(missing_ok=True)  # that of a command that was killed
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_at, stop, tasks.cancel_scope)
        async with _service(arguments) as service:
            with ready_file(arguments.ready_file, service.endpoint_url, service.environment):
                await use(service)
        tasks.cancel_scope.cancel()


async def _cancel_at(stop: StopRequest, scope: anyio.CancelScope) -> None:
    # Nothing wakes the loop for a signal on Windows, or if another thread got it.
    while not stop.received:  # noqa: ASYNC110 - a handler of a signal can't set an event
        await anyio.sleep(_SIGNAL_CHECK_S)
    scope.cancel()


async def _serve(arguments: argparse.Namespace, stop: StopRequest) -> int:
    async def serve(service: LocalMemoryService) -> None:
        _greet(service, arguments)
        await anyio.sleep_forever()

    await _run(arguments, stop, serve)
    with contextlib.suppress(BrokenPipeError):  # nobody reads the output any more
        print("stopped", flush=True)
    return 0


async def _execute(arguments: argparse.Namespace, child: Child) -> int:
    status: int | None = None

    async def execute(service: LocalMemoryService) -> None:
        nonlocal status
        with anyio.CancelScope(shield=True):  # from here on the program decides when to end
            status = await child.run(child_environment(os.environ, service.environment))

    await _run(arguments, child.stop, execute)
    return 128 + child.number if status is None else status


def _greet(service: LocalMemoryService, arguments: argparse.Namespace) -> None:
    where = arguments.db or "memory only: gone when this stops"
    print(f"AgentCore Memory listens on {service.endpoint_url}  ({where})\n")
    print("Point AWS SDKs that read these variables to it:\n")
    # A program that reads this may expect the form of sh; a person can paste that of their shell.
    shell = running_shell(os.environ) if sys.stdout.isatty() else "sh"
    for line in assignments(shell, os.environ, service.environment):
        print(f"  {line}")
    if arguments.strict:
        print("\nStrict: a memory exists only once it was created.")
    else:
        print("\nAny memory id works, for example chat-a1B2c3D4e5, until its memory is deleted.")
    if arguments.admin:
        print(f"Admin API: {service.endpoint_url}/_local/state")
    print("Ctrl-C stops it.", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    if arguments.trace:
        show_trace()
    status = _FAILED if arguments.program else 1
    try:
        if arguments.program:
            child = Child(arguments.program)
            with child.forwarding():
                status = anyio.run(_execute, arguments, child)
        else:
            with stop_requests(_DUMP_S if arguments.dump_on_exit else 0.0) as stop:
                status = anyio.run(_serve, arguments, stop)
    except* (LocalServiceError, StoreError, ProfileError) as errors:
        for error in errors.exceptions:
            text = error.strerror if isinstance(error, OSError) else str(error)
            print(f"agentcore_memory_async.local: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
