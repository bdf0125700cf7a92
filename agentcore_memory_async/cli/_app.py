"""The application: its commands, and how whatever comes of them ends."""

from __future__ import annotations

import inspect
import io
import os
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentcore_memory_async._version import __version__
from agentcore_memory_async.cli import _commands
from agentcore_memory_async.cli._command import Call, first_call, option_parameters
from agentcore_memory_async.cli._exit_codes import (
    DONE,
    INTERRUPTED,
    READER_LEFT,
    WRONG_USAGE,
    CommandError,
    ReaderLeftError,
    cause_of,
    exit_code_of,
)
from agentcore_memory_async.cli._output import Output

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from agentcore_memory_async._calls.wait_clock import WaitClock

_PROGRAM = "agentcore-memory"
"""Name of the program."""


def run(argv: Sequence[str] | None, clock: WaitClock | None) -> int:
    """Run the command that *argv* names, and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    output = Output(as_json=asks_for_json(arguments))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what its encoding lacks is escaped
            stream.reconfigure(errors="backslashreplace")
    with _warnings_as_notes(output):
        try:
            done = _made()(
                args=arguments, prog_name=_PROGRAM, standalone_mode=False, obj=first_call(clock)
            )
            sys.stdout.flush()
        except KeyboardInterrupt:
            return INTERRUPTED
        except typer.TyperException as error:
            output.error(CommandError(f"{error.format_message()} (-h: help)", WRONG_USAGE))
            return WRONG_USAGE
        except Exception as error:  # noqa: BLE001 - whatever it is, no traceback is shown
            cause = cause_of(error)
            if isinstance(cause, BrokenPipeError | ReaderLeftError):
                # Python would complain of it once more, when it flushes stdout at its end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return READER_LEFT
            output.error(cause)
            return exit_code_of(cause)
    return done or DONE


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Return whether ``--json`` is among the options, also where others of them are wrong."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return "--json" in arguments[:end]


def _made() -> typer.Typer:
    """Make the application with all commands."""
    app = typer.Typer(
        name=_PROGRAM,
        help="See, search, move and erase what an AgentCore Memory has.",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_common_options())
    for module in _commands.MODULES:
        module.register(app)
    return app


def _common_options() -> Any:
    """Return the function that takes the options before a command's name."""

    def take(*, ctx: typer.Context, **given: Any) -> None:
        del given["version"]  # which ends by itself
        call: Call = ctx.obj
        ctx.obj = call.with_options(given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("ctx", keyword, annotation=typer.Context)
    version = inspect.Parameter(
        "version",
        keyword,
        default=False,
        annotation=Annotated[
            bool,
            typer.Option(
                "--version",
                callback=_print_version,
                is_eager=True,
                metavar="",
                help="Print the version.",
            ),
        ],
    )
    described: Any = take
    described.__signature__ = inspect.Signature([context, version, *option_parameters()])
    return described


def _print_version(version: bool) -> None:
    """Print the version and end, before a command is asked for."""
    if version:
        sys.stdout.write(f"{_PROGRAM} {__version__}\n")
        raise typer.Exit


@contextmanager
def _warnings_as_notes(output: Output) -> Generator[None]:
    """Report warnings by their text only, and each one that is this package's."""

    def report(message: Warning | str, *_: object, **__: object) -> None:
        output.note(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=UserWarning, module="agentcore_memory_async")
        warnings.showwarning = report
        yield
