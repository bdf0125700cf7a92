"""``python -m agentcore_memory_async.verify``: ask the service how it behaves."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async.errors import AgentCoreMemoryError, InvalidInputError
from agentcore_memory_async.verify import Report, ReportError, find_changes, parse_report
from agentcore_memory_async.verify._asking.meter import Meter
from agentcore_memory_async.verify._asking.reply import LimitReachedError, NoAnswerError
from agentcore_memory_async.verify._probes import PROBES
from agentcore_memory_async.verify._running.connection import Endpoint, connect
from agentcore_memory_async.verify._running.interruption import work_then
from agentcore_memory_async.verify._running.memory import (
    paths_of,
    remove,
    targets_of,
    templates_of,
)
from agentcore_memory_async.verify._running.plan import (
    MOST_PATHS,
    Plan,
    Removal,
    actor_removal,
    make_plan,
    memory_removal,
)
from agentcore_memory_async.verify._running.runner import Run
from agentcore_memory_async.verify._running.state import State, StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.verify._running.connection import Connection

FAILED = 1
"""Exit status where nothing was measured, or what was made could not be removed."""
INVALID = 2
"""Exit status where an argument is invalid; that of argparse, too."""
CHANGED = 3
"""Exit status where an answer differs from that of the report of --diff."""
INCOMPLETE = 4
"""Exit status where a limit was reached before all was asked, and no answer differs."""
INTERRUPTED = 130
"""Exit status of an interrupted run."""
_STATUSES = f"""\
exit status: 0, all was asked; {FAILED}, nothing was measured, or not all could be removed;
{INVALID}, the arguments are invalid; {CHANGED}, an answer differs from that of --diff;
{INCOMPLETE}, a limit was reached before all was asked; {INTERRUPTED}, interrupted"""
"""Explanation of the exit statuses."""


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        message = f"it is {text!r}; give a whole number, 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _report(text: str) -> Path:
    if not Path(text).is_file():
        message = f"there is no file {text!r}; give a report of an earlier run"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def _new_file(text: str) -> Path:
    if Path(text).is_dir() or not Path(text).parent.is_dir():
        message = f"{text!r} can't be written; give a file in a folder that exists"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m agentcore_memory_async.verify",
        description="Ask AgentCore Memory how it behaves where that is not documented, and write "
        "a report that the local service takes as its profile.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "memory_id",
        nargs="?",
        help="memory to ask, under an actor of the run's own; without it a memory is made and "
        "deleted",
    )
    parser.add_argument("--region", help="AWS region; the usual one if omitted")
    parser.add_argument(
        "--output",
        type=_new_file,
        default=Path("measured.json"),
        metavar="FILE",
        help="report; a page beside it ends in .md, the state of the run in .state (%(default)s)",
    )
    parser.add_argument(
        "--diff",
        type=_report,
        metavar="OLD",
        help=f"name what changed since a report; exit {CHANGED}",
    )
    parser.add_argument("--yes", action="store_true", help="start without a question")
    parser.add_argument(
        "--max-requests",
        type=_positive,
        metavar="N",
        help="requests at most, retries and the removal of what was made included",
    )
    parser.add_argument(
        "--max-minutes",
        type=_positive,
        default=30,
        metavar="N",
        help="time after which nothing more is asked (%(default)s)",
    )
    parser.add_argument(
        "--clean", action="store_true", help="remove what an interrupted run left, and ask nothing"
    )
    return parser.parse_args(argv)


def _announce(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _open_state(arguments: argparse.Namespace) -> State | None:
    return State.load(arguments.output.with_suffix(".state"))


def _connected(arguments: argparse.Namespace, state: State | None) -> Endpoint:
    return Endpoint(arguments.region or (state.region if state is not None else None))


def _leftover(state: State) -> Removal:
    """Return the cost of removing what an earlier run left."""
    if not state.may_be_there:
        return Removal()
    if state.named_memory is None:
        return memory_removal(is_active=False)
    return actor_removal(
        events=state.events,
        sessions=state.sessions,
        paths=MOST_PATHS,
        settle_s=state.settle_s(time.time()),
    )


async def _prepare(
    arguments: argparse.Namespace, state: State | None, meter: Meter
) -> tuple[State, Plan]:
    """Return the state of the run, which may be that of an earlier one, and what it will cost."""
    async with connect(_connected(arguments, state), meter) as connection:
        if state is None:
            path = arguments.output.with_suffix(".state")
            state = State.new(path, connection.region, arguments.memory_id)
        elif (state.region, state.named_memory) != (connection.region, arguments.memory_id):
            message = (
                f"{state.path} is the state of a run on another memory or region; go on with that, "
                "or remove it by --clean"
            )
            raise StateError(message)
        missing = [probe for probe in PROBES if probe.name not in state.observations]
        plan_of = partial(
            make_plan, makes_memory=state.named_memory is None, leftover=_leftover(state)
        )
        plan = plan_of(missing, paths=1)
        if meter.limit is not None and meter.limit < plan.least:
            message = (
                f"--max-requests is {meter.limit}; give at least {plan.least}, since what it makes "
                "must be removed"
            )
            raise InvalidInputError(message)
        if state.named_memory is not None:
            memory = await connection.control.get_memory(state.named_memory)
            paths = max(
                len(paths_of(targets_of(memory, state.actor_id), state.actor_id)),
                len(templates_of(memory)),
            )
            plan = plan_of(missing, paths=paths)
    return state, plan


def _confirm(arguments: argparse.Namespace, state: State, plan: Plan) -> bool:
    """Return whether the run may start, once it is shown what it will do and cost."""
    where = (
        "on a memory of its own, deleted at its end"
        if state.named_memory is None
        else f"on memory {state.named_memory}, under an actor of its own, removed at its end"
    )
    print(f"Asks in {state.region}, {where}:")
    print("\n".join(plan.lines()))
    if state.observations:
        print(f"Goes on with an earlier run, which has {len(state.observations)} answers.")
    limit = arguments.max_requests or plan.limit
    print(
        f"After {arguments.max_minutes} minutes, and before more than {limit} requests, it asks "
        "nothing more, and removes what it made.",
        flush=True,
    )
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        print("Give --yes to start it without a terminal.", file=sys.stderr)
        return False
    return input("Start? [y/N] ").strip().lower() in {"y", "yes"}


async def _clean(arguments: argparse.Namespace, state: State) -> None:
    """Remove what an earlier run left, and print before what that takes."""
    if state.may_be_there:
        print(_leftover(state).line("Removes what is left"), flush=True)
    async with connect(_connected(arguments, state), Meter()) as connection:
        await remove(connection, state, _announce)
    state.remove()


async def _measure(
    arguments: argparse.Namespace, state: State, meter: Meter, old: Report | None
) -> int:
    """Ask, write the report, and remove what was made; return the exit status."""
    async with connect(_connected(arguments, state), meter) as connection:
        if state.may_be_there or state.observations:
            await remove(connection, state, _announce)
            state.begin_again()  # the name and the token of a deleted memory are used up
        run = Run(
            connection,
            state,
            PROBES,
            longest_s=arguments.max_minutes * 60,
            announce=_announce,
        )
        removal = partial(remove, connection, state, _announce)
        if await work_then(run.ask, removal, _announce):
            _announce("the same command goes on where this run was; --clean removes its state")
            return INTERRUPTED
        return _write(arguments, run, connection, state, old)


def _write(
    arguments: argparse.Namespace,
    run: Run,
    connection: Connection,
    state: State,
    old: Report | None,
) -> int:
    """Write the report, and compare it with the *old* one, if there is one."""
    report = run.report()
    arguments.output.write_text(report.to_json(), "utf-8")
    page = arguments.output.with_suffix(".md")
    page.write_text(report.to_markdown(), "utf-8")
    state.remove()
    answered = sum(verdict.is_conclusive for verdict in report.verdicts)
    print(
        f"{answered} of {len(report.verdicts)} questions answered in {connection.meter.total} "
        f"requests: {arguments.output}, {page}"
    )
    status = INCOMPLETE if run.is_incomplete else 0
    if run.is_incomplete:
        print("incomplete: a limit was reached; give a larger one", file=sys.stderr)
    if old is None:
        return status
    changes = find_changes(old.verdicts, report.verdicts)
    print("\n".join(map(str, changes)) if changes else f"nothing changed since {arguments.diff}")
    return CHANGED if changes else status


def _read_report(path: Path) -> Report:
    try:
        return parse_report(path.read_bytes().decode("utf-8", "replace"))
    except ReportError as error:
        message = f"--diff {path}: {error}"
        raise ReportError(message) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = _arguments(argv)
    try:
        state = _open_state(arguments)
        # Before anything is paid for, and before --output replaces the same file.
        old = None if arguments.diff is None else _read_report(arguments.diff)
        if arguments.clean:
            if state is None:
                print("no run left anything here")
            else:
                anyio.run(_clean, arguments, state)
            return 0
        meter = Meter(0 if state is None else state.requests)
        meter.limit = arguments.max_requests
        state, plan = anyio.run(_prepare, arguments, state, meter)
        if not _confirm(arguments, state, plan):
            return FAILED
        meter.limit = arguments.max_requests or plan.limit
        return anyio.run(_measure, arguments, state, meter, old)
    except KeyboardInterrupt:
        return INTERRUPTED
    except LimitReachedError as error:
        print(f"agentcore_memory_async.verify: {error}; --clean removes the rest", file=sys.stderr)
        return FAILED
    except (
        AgentCoreMemoryError,
        InvalidInputError,
        NoAnswerError,
        OSError,
        ReportError,
        StateError,
    ) as error:
        print(f"agentcore_memory_async.verify: {error}", file=sys.stderr)
        return INVALID if isinstance(error, InvalidInputError) else FAILED


if __name__ == "__main__":
    sys.exit(main())
