"""The commands, one module by topic; `MODULES` is the order of the help."""

from __future__ import annotations

from agentcore_memory_async.cli._commands import (
    conversations,
    doctor,
    forgetting,
    jobs,
    memories,
    records,
    transfer,
    verification,
    watch,
)

MODULES = (
    memories,
    conversations,
    records,
    jobs,
    watch,
    transfer,
    forgetting,
    doctor,
    verification,
)
"""Modules, each with a function ``register`` that adds its commands to the application."""
