"""
The directive ``public-names``: documents the names in ``__all__`` of a module.

A name is documented where users import it from: at the package, if the package exports it too. So
the page of the API cannot miss a name, nor keep one that is gone.
"""

from __future__ import annotations

import enum
import importlib
import inspect
from typing import TYPE_CHECKING, ClassVar

from docutils.statemachine import StringList
from sphinx.ext.autodoc.mock import mock
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils import nodes

PACKAGE = "agentcore_memory_async"
NOT_CONSTRUCTED = {
    "BackgroundWork",
    "BlockingBackgroundWork",
    "BlockingExport",
    "BlockingExtractionPoller",
    "BlockingForgetting",
    "BlockingImport",
    "BlockingIterator",
    "BlockingMemoryWait",
    "BlockingMessageBuffer",
    "BlockingRecordedTurn",
    "ConsolidationRequest",
    "Context",
    "Export",
    "ExportReport",
    "ExtractionPoller",
    "ExtractionRequest",
    "Fault",
    "Forgetting",
    "ForgettingReport",
    "ForgettingStep",
    "Import",
    "ImportProgress",
    "Message",
    "MemoryWait",
    "MessageBuffer",
    "Provenance",
    "RecordedRequest",
    "RecordedTurn",
    "Strategy",
    "TurnResult",
}
"""Classes whose objects the package makes: their constructors are not shown."""


def names_of(module: str) -> list[str]:
    """Return the full names under which the public names of *module* are documented."""
    package, source = importlib.import_module(PACKAGE), importlib.import_module(module)
    exported = {name: getattr(package, name) for name in package.__all__}
    return [
        f"{PACKAGE if exported.get(name) is getattr(source, name) else module}.{name}"
        for name in source.__all__
    ]


def is_of_framework(cls: type) -> bool:
    """Return whether a base of an integration is its framework's, whose pages describe it."""
    ours = (PACKAGE, "abc", "builtins", "typing")
    return cls.__module__.startswith(f"{PACKAGE}.integrations.") and any(
        not base.__module__.startswith(ours) for base in cls.__mro__
    )


def directive_for(full_name: str) -> list[str]:
    """Return the lines that document one name."""
    module, _, name = full_name.rpartition(".")
    value = getattr(importlib.import_module(module), name)
    if not inspect.isclass(value):
        kind = "autofunction" if inspect.isfunction(value) else "autodata"
        return [f".. {kind}:: {full_name}", ""]
    signature = "()" if name in NOT_CONSTRUCTED else ""
    if issubclass(value, BaseException):
        return [f".. autoexception:: {full_name}", "   :members:", ""]
    lines = [f".. autoclass:: {full_name}{signature}", "   :members:"]
    if issubclass(value, enum.Enum):
        lines.append("   :undoc-members:")
    elif value.__module__.startswith(PACKAGE) and not is_of_framework(value):
        lines.append("   :inherited-members:")
    return [*lines, ""]


class PublicNames(SphinxDirective):
    """Documents the public names of a module, in the order of their sources."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Return the nodes of all names."""
        with mock(self.config.autodoc_mock_imports):
            lines = [line for name in names_of(self.arguments[0]) for line in directive_for(name)]
        return self.parse_text_to_nodes(StringList(lines, "public-names"))
