"""Namespaces of records: templates filled in, and which namespaces a path covers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.errors import validation

if TYPE_CHECKING:
    from collections.abc import Mapping


_VARIABLE = re.compile(r"\{([a-zA-Z][a-zA-Z0-9]*)\}")


def key_of(namespace: str | None) -> str:
    """Return *namespace* without its last slashes: what it is compared by."""
    return (namespace or "").rstrip("/")


def variables_of(template: str) -> list[str]:
    """Return the names of a template's variables."""
    return _VARIABLE.findall(template)


def fill(template: str, values: Mapping[str, str]) -> str | None:
    """Return the template with its variables filled in; None where one has no value."""
    if any(name not in values for name in _VARIABLE.findall(template)):
        return None
    return _VARIABLE.sub(lambda match: values[match.group(1)], template)


@attrs.frozen
class NamespaceQuery:
    """
    The records that a request may see.

    Attributes:
        exact: Records of exactly this namespace.
        path: Records of the namespace with this key and of all below it.
        prefix: Records whose namespace begins with these characters (the service's older way).
    """

    exact: str | None = None
    path: str | None = None
    prefix: str | None = None

    @classmethod
    def of(
        cls, params: Mapping[str, Any], *, legacy_prefix: bool, raw_prefix: bool
    ) -> NamespaceQuery:
        """Read it from a request: exactly one of namespace and namespacePath."""
        namespace, path = params.get("namespace"), params.get("namespacePath")
        if (namespace is None) == (path is None):
            text = "Exactly one of namespace or namespacePath must be provided"
            raise validation(text, field="namespace")
        if namespace is not None:
            return cls(prefix=namespace) if legacy_prefix else cls(exact=namespace)
        return cls(prefix=path) if raw_prefix else cls(path=key_of(path))

    def where(self) -> tuple[str, list[Any]]:
        """Return the SQL condition and its parameters."""
        if self.exact is not None:
            return "namespace_key = ? AND namespace = ?", [key_of(self.exact), self.exact]
        if self.prefix is not None:
            return "substr(namespace, 1, ?) = ?", [len(self.prefix), self.prefix]
        if not self.path:
            return "1", []
        # "0" is the character after "/".
        condition = "(namespace_key = ? OR (namespace_key > ? AND namespace_key < ?))"
        return condition, [self.path, self.path + "/", self.path + "0"]

    def covers(self, namespace: str | None) -> bool:
        """Say whether a record of *namespace* is among them."""
        if self.exact is not None:
            return namespace == self.exact
        if self.prefix is not None:
            return (namespace or "").startswith(self.prefix)
        key = key_of(namespace)
        return not self.path or key == self.path or key.startswith(self.path + "/")
