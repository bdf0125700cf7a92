"""Asking the service how it behaves: ``verify``."""

from __future__ import annotations

import typer

from agentcore_memory_async.cli._command import Call
from agentcore_memory_async.cli._connection import Connection
from agentcore_memory_async.cli._exit_codes import WRONG_USAGE, CommandError


def register(app: typer.Typer) -> None:
    """Add the command to *app*; its help and options are those of the module it hands over to."""
    app.command(
        "verify",
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(verify)


def verify(ctx: typer.Context) -> int:
    """Ask the service how it behaves where that is not documented; -h lists the options."""
    from agentcore_memory_async.verify.__main__ import main

    call: Call = ctx.obj
    before = call.connection
    if call.output.as_json or before != Connection(memory=before.memory, clock=before.clock):
        message = "verify has options of its own, after its name: agentcore-memory verify -h"
        raise CommandError(message, WRONG_USAGE)
    try:
        return main(ctx.args)
    except SystemExit as end:  # argparse has shown its help, or what is wrong
        return end.code if isinstance(end.code, int) else WRONG_USAGE
