"""Namespaces of records: their templates, and queries by namespace or path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async.local._api.errors import validation

if TYPE_CHECKING:
    from collections.abc import Mapping


_VARIABLE = re.compile(r"\{([a-zA-Z][a-zA-Z0-9]*)\}")
"""A variable of a template, such as ``{actorId}``."""


def key_of(namespace: str | None) -> str:
    """Return the key that namespaces are compared by: *namespace* without trailing slashes."""
    return (namespace or "").rstrip("/")


def variables_of(template: str) -> list[str]:
    """Return the names of a template's variables."""
    return _VARIABLE.findall(template)


def fill(template: str, values: Mapping[str, str]) -> str | None:
    """Return the template with its variables filled in; None where one has no value."""
    if any(name not in values for name in _VARIABLE.findall(template)):
        return None
    return _VARIABLE.sub(lambda match: values[match.group(1)], template)


@frozen
class NamespaceQuery:
    """
    Query for the records of some namespaces; one of the attributes is set.

    Attributes:
        exact: Only records of this namespace.
        path: Records of the namespace with this key, and of all namespaces below it.
        prefix: Records whose namespace begins with these characters, as the service once did.
    """

    exact: str | None = None
    path: str | None = None
    prefix: str | None = None

    @classmethod
    def of(
        cls, params: Mapping[str, Any], *, legacy_prefix: bool, raw_prefix: bool
    ) -> NamespaceQuery:
        """Return the query of a request, which has either namespace or namespacePath."""
        namespace, path = params.get("namespace"), params.get("namespacePath")
        if (namespace is None) == (path is None):
            text = "Exactly one of namespace or namespacePath must be provided"
            raise validation(text, field="namespace")
        if namespace is not None:
            return cls(prefix=namespace) if legacy_prefix else cls(exact=namespace)
        return cls(prefix=path) if raw_prefix else cls(path=key_of(path))

    def covers(self, namespace: str | None) -> bool:
        """Return whether records of *namespace* are among those queried."""
        if self.exact is not None:
            return namespace == self.exact
        if self.prefix is not None:
            return (namespace or "").startswith(self.prefix)
        key = key_of(namespace)
        return not self.path or key == self.path or key.startswith(self.path + "/")
