"""
The service models: they find the operation of a request and check its members.

The models are JSON files in botocore's layout that the package ships. The client checks its
requests with code of its own, so that client and service don't agree on the same mistake.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import define, frozen

from agentcore_memory_async.local._api.errors import AwsError, validation
from agentcore_memory_async.local._api.members import as_array, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_MAX_TIME = 253_402_300_799.999
"""9999-12-31T23:59:59.999Z, in seconds since the epoch."""
_MAX_VIOLATIONS = 20
"""Violations that an error lists."""


@frozen
class Operation:
    """
    One operation of a model.

    Attributes:
        name: Wire name.
        method: HTTP method.
        uri: Template of the path and the query string.
        status: HTTP status of a success.
        input_shape: Name of the input's shape.
        errors: Codes of the errors that the model lists.
    """

    name: str
    method: str
    uri: str
    status: int
    input_shape: str
    errors: frozenset[str]


@frozen
class Route:
    """
    The operation of a request.

    Attributes:
        operation: The operation.
        labels: Members of the request that the path carries.
    """

    operation: Operation
    labels: dict[str, str]


@define
class _Violation:
    path: str
    text: str

    def __str__(self) -> str:
        return f"Value at '{self.path}' failed to satisfy constraint: {self.text}"


class ServiceModel:
    """The operations and shapes of a botocore service model."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._shapes: Mapping[str, Any] = document["shapes"]
        self.operations: dict[str, Operation] = {}
        self._routes: list[tuple[str, list[str], Operation]] = []
        self._patterns: dict[str, re.Pattern[str]] = {}
        for name, entry in document["operations"].items():
            http = entry["http"]
            uri = http["requestUri"]
            operation = Operation(
                name=name,
                method=http["method"],
                uri=uri,
                status=http.get("responseCode", 200),
                input_shape=entry["input"]["shape"],
                errors=frozenset(error["shape"] for error in entry.get("errors", ())),
            )
            self.operations[name] = operation
            self._routes.append((operation.method, uri.split("?")[0].split("/"), operation))

    def match(self, method: str, path: str) -> Route | None:
        """Return the operation of a percent-encoded *path*, with its labels decoded, if any."""
        parts = path.split("/")
        for candidate, pattern, operation in self._routes:
            if candidate != method or len(pattern) != len(parts):
                continue
            labels: dict[str, str] = {}
            for expected, part in zip(pattern, parts, strict=True):
                if expected.startswith("{"):
                    if not part:
                        break
                    try:
                        labels[expected[1:-1]] = unquote(part, errors="strict")
                    except UnicodeDecodeError:
                        text = "The request path is not valid UTF-8"
                        raise validation(text, reason="CannotParse") from None
                elif expected != part:
                    break
            else:
                return Route(operation, labels)
        return None

    def query(
        self, operation: Operation, given: Iterable[tuple[str, str]]
    ) -> dict[str, str | list[str]]:
        """Return the members of the operation's input that the query string carries."""
        found: dict[str, str | list[str]] = {}
        members = self._shapes[operation.input_shape]["members"]
        by_name = {
            member.get("locationName", name): (name, self._shapes[member["shape"]]["type"])
            for name, member in members.items()
            if member.get("location") == "querystring"
        }
        for key, value in given:
            if key not in by_name:
                continue
            name, kind = by_name[key]
            if kind == "list":
                items = found.setdefault(name, [])
                if isinstance(items, list):
                    items.append(value)
            else:
                found[name] = value
        return found

    def check(
        self, operation: Operation, params: Mapping[str, Any], *, skip: frozenset[str] = frozenset()
    ) -> None:
        """
        Check *params* against the operation's input shape.

        Args:
            operation: The operation.
            params: Members of the request, those of path and query included.
            skip: Members of the top level that are not checked.

        Raises:
            AwsError: ValidationException in the service's words, with at most 20 violations.
        """
        found: list[_Violation] = []
        self._structure(self._shapes[operation.input_shape], params, "", found, skip)
        if found:
            shown = found[:_MAX_VIOLATIONS]
            plural = "" if len(found) == 1 else "s"
            raise AwsError(
                "ValidationException",
                f"{len(found)} validation error{plural} detected: " + "; ".join(map(str, shown)),
                "FieldValidationFailed",
                [{"name": item.path, "message": item.text} for item in shown],
            )

    def _value(self, name: str, value: object, path: str, found: list[_Violation]) -> None:
        shape = self._shapes[name]
        kind = shape["type"]
        if shape.get("document"):
            return
        expected = _TYPES.get(kind)
        if expected is not None and (
            not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean")
        ):
            raise _unreadable(path, _NAMES[kind])
        if kind == "structure":
            self._structure(shape, as_object(value), path, found)
        elif kind == "list":
            items = as_array(value)
            _length(shape, len(items), path, found)
            for number, item in enumerate(items, start=1):
                self._value(shape["member"]["shape"], item, f"{path}.{number}.member", found)
        elif kind == "map":
            entries = as_object(value)
            _length(shape, len(entries), path, found)
            for key, item in entries.items():
                self._value(shape["key"]["shape"], key, f"{path}.key", found)
                self._value(shape["value"]["shape"], item, f"{path}.{_short(key)}", found)
        elif kind == "string":
            self._string(name, shape, str(value), path, found)
        elif kind in _NUMBERS:
            _number(kind, shape, value, path, found)

    def _structure(
        self,
        shape: Mapping[str, Any],
        value: Mapping[str, Any],
        path: str,
        found: list[_Violation],
        skip: frozenset[str] = frozenset(),
    ) -> None:
        members = shape["members"]
        prefix = f"{path}." if path else ""
        given = {name: item for name, item in value.items() if item is not None}
        found.extend(
            _Violation(prefix + name, "Member must not be null")
            for name in shape.get("required", ())
            if name not in given
        )
        if shape.get("union"):
            known = [name for name in given if name in members]
            if len(given) != 1 or not known:
                found.append(
                    _Violation(
                        path or "body", f"Exactly one member of {_listed(members)} must be set"
                    )
                )
                return
        for name, item in given.items():
            # A member that the service does not know is ignored, as AWS services do.
            if name in members and name not in skip:
                self._value(members[name]["shape"], item, prefix + name, found)

    def _string(
        self,
        name: str,
        shape: Mapping[str, Any],
        value: str,
        path: str,
        found: list[_Violation],
    ) -> None:
        _length(shape, len(value), path, found)
        if "enum" in shape and value not in shape["enum"]:
            found.append(
                _Violation(path, f"Member must satisfy enum value set: {_listed(shape['enum'])}")
            )
        if "pattern" in shape:
            pattern = self._patterns.get(name)
            if pattern is None:
                pattern = self._patterns[name] = re.compile(shape["pattern"])
            # The patterns backtrack: a text over the length limit is refused above already.
            if len(value) <= shape.get("max", 2048) and not pattern.fullmatch(value):
                found.append(
                    _Violation(
                        path, f"Member must satisfy regular expression pattern: {shape['pattern']}"
                    )
                )


_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
}
"""Types of a JSON value, by the type of its shape; a bool counts as a boolean only."""
_NAMES = {
    "structure": "an object",
    "map": "an object",
    "list": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "long": "an integer",
    "double": "a number",
    "float": "a number",
    "timestamp": "a number of seconds since the epoch",
}
"""Types of shapes in words, for errors."""
_NUMBERS = frozenset({"integer", "long", "double", "float", "timestamp"})
"""Types of shapes whose values are numbers."""


def _listed(names: Any) -> str:
    return "[" + ", ".join(names) + "]"


def _short(key: str) -> str:
    return key if len(key) <= 40 else key[:37] + "..."


def _unreadable(path: str, expected: str) -> AwsError:
    text = f"Unable to parse '{path}': expected {expected}"
    return validation(text, reason="CannotParse", field=path)


def _length(shape: Mapping[str, Any], length: int, path: str, found: list[_Violation]) -> None:
    if length < shape.get("min", 0):
        text = f"Member must have length greater than or equal to {shape['min']}"
        found.append(_Violation(path, text))
    if length > shape.get("max", math.inf):
        text = f"Member must have length less than or equal to {shape['max']}"
        found.append(_Violation(path, text))


def _number(
    kind: str, shape: Mapping[str, Any], value: object, path: str, found: list[_Violation]
) -> None:
    if not isinstance(value, int | float):
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise _unreadable(path, _NAMES[kind])
    if kind == "timestamp" and not 0 <= value <= _MAX_TIME:
        raise _unreadable(path, f"{_NAMES[kind]} between 0 and {_MAX_TIME}")
    if kind in {"double", "float"} and abs(value) > 1e308:
        raise _unreadable(path, _NAMES[kind])
    if value < shape.get("min", -math.inf):
        text = f"Member must have value greater than or equal to {shape['min']}"
        found.append(_Violation(path, text))
    if value > shape.get("max", math.inf):
        text = f"Member must have value less than or equal to {shape['max']}"
        found.append(_Violation(path, text))


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999
        raise ValueError(text)
    return number


def parse_body(raw: bytes) -> dict[str, Any]:
    """
    Return the JSON object of a request's body; an empty body is an empty object.

    Raises:
        AwsError: ValidationException with reason CannotParse: not UTF-8, not JSON, NaN or
            Infinity, half a surrogate pair, nested too deeply, or not an object.
    """
    if not raw.strip():
        return {}
    try:
        text = raw.decode()
        value: object = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair fails here
    except (ValueError, RecursionError):
        text = "The request body could not be parsed as JSON"
        raise validation(text, reason="CannotParse") from None
    members = as_object(value)
    if not isinstance(value, dict):
        text = "The request body must be a JSON object"
        raise validation(text, reason="CannotParse")
    return members


@frozen
class Api:
    """All operations of the service: those of its data plane and of its control plane."""

    models: tuple[ServiceModel, ...]

    def match(self, method: str, path: str) -> tuple[ServiceModel, Route] | None:
        """Return the operation of a percent-encoded *path*, and its model; None for no match."""
        for model in self.models:
            route = model.match(method, path)
            if route is not None:
                return model, route
        return None


def load_api() -> Api:
    """Load the shipped service models; it blocks, so call it in a thread."""
    data = Path(__file__).parents[2] / "_wire" / "service_model" / "data"
    paths = sorted(data.glob("*/*/service-2.json"))
    return Api(tuple(ServiceModel(json.loads(path.read_text("utf-8"))) for path in paths))
