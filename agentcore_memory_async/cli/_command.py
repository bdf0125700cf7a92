"""Commands: async functions of a `Call`, to which the options of all commands are added."""

from __future__ import annotations

import inspect
import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, get_type_hints

import anyio
import typer
from attrs import evolve, frozen

from agentcore_memory_async.cli._connection import MEMORY_VARIABLE, Connection
from agentcore_memory_async.cli._exit_codes import ReaderLeftError
from agentcore_memory_async.cli._output import Output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

P = ParamSpec("P")

_PANEL = "Options of all commands"
"""Heading of these in a command's help."""


def _option(*names: str, metavar: str, text: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel=_PANEL)


OPTIONS: dict[str, Any] = {
    "memory": Annotated[
        str | None,
        _option(
            "--memory", "-m", metavar="ID", text=f"Id or ARN of the memory; else {MEMORY_VARIABLE}."
        ),
    ],
    "region": Annotated[
        str | None, _option(metavar="NAME", text="AWS region; the usual one if omitted.")
    ],
    "profile": Annotated[
        str | None, _option(metavar="NAME", text="Profile of the AWS configuration.")
    ],
    "endpoint_url": Annotated[
        str | None, _option(metavar="URL", text="Other address, such as the local service's.")
    ],
    "as_json": Annotated[
        bool, _option("--json", metavar="", text="Print one JSON object a line, for programs.")
    ],
}
"""Options of all commands, which are taken before the command's name as well."""


@frozen
class Call:
    """
    One call of a command.

    Attributes:
        connection: What it connects to.
        output: Where it prints.
    """

    connection: Connection
    output: Output

    def with_options(self, given: dict[str, Any]) -> Call:
        """Return the call with the options that are *given*, and those that were before."""
        found = {name: value for name, value in given.items() if value}
        as_json = found.pop("as_json", self.output.as_json)
        return Call(evolve(self.connection, **found), Output(as_json=as_json))


def first_call(clock: Any) -> Call:
    """Return the call before any options are known."""
    memory = os.environ.get(MEMORY_VARIABLE)
    return Call(Connection(memory=memory, clock=clock), Output())


def option_parameters() -> list[inspect.Parameter]:
    """Return the options of all commands as parameters of a function."""
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if name == "as_json" else None,
            annotation=annotation,
        )
        for name, annotation in OPTIONS.items()
    ]


def add(
    app: typer.Typer,
    function: Callable[Concatenate[Call, P], Awaitable[int | None]],
    *,
    examples: tuple[str, ...] = (),
) -> None:
    """
    Add a command to *app*.

    Args:
        app: Application.
        function: What it does; its name, without an underscore at its end, is the command's. It
            returns the exit status, None for 0. The options of all commands are not among its
            parameters: they are in its `Call`.
        examples: Lines that its help ends with.
    """
    hints = get_type_hints(function, include_extras=True)
    own = [
        each.replace(annotation=hints[each.name])
        for each in list(inspect.signature(function).parameters.values())[1:]
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

    def run(*, ctx: typer.Context, **given: Any) -> int | None:
        before: Call = ctx.obj
        call = before.with_options({name: given.pop(name) for name in OPTIONS})
        made: Callable[..., Awaitable[int | None]] = function
        try:
            return anyio.run(partial(made, call, **given))
        except BrokenPipeError:  # which typer would end in a way of its own
            raise ReaderLeftError from None

    parameters = [context, *(each.replace(kind=context.kind) for each in own), *option_parameters()]
    described: Any = run
    described.__signature__ = inspect.Signature(parameters)
    described.__annotations__ = {each.name: each.annotation for each in parameters}
    described.__doc__ = "\n\n".join(
        " ".join(paragraph.split()) for paragraph in str(function.__doc__).split("\n\n")
    )
    name = getattr(function, "__name__", "").rstrip("_")
    epilog = "\n\n".join(["Examples:", *examples]) if examples else None
    app.command(name, epilog=epilog)(described)
