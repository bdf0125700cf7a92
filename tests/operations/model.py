"""The shipped service models: every member of every operation, and answers made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from agentcore_memory_async._wire.service_model import OPERATIONS_BY_SERVICE, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str, ...]
"""Names of members from the top; ``[]`` for the items of a list, ``{}`` for those of a map."""
Direction = Literal["input", "output"]

SERVICES: dict[str, dict[str, Any]] = {
    name: read("service-2", name) for name in OPERATIONS_BY_SERVICE
}
SERVICE_OF = {
    operation: service for service, names in OPERATIONS_BY_SERVICE.items() for operation in names
}
ECHOED = {
    "memoryId": "chat-a1B2c3D4e5",
    "actorId": "a",
    "sessionId": "s",
    "eventId": "0000001767225600000#a1",
    "memoryRecordId": "mem-" + "1" * 36,
    "requestIdentifier": "r-1",
    "namespaces": "/facts/a/",
    "jobId": "job-1",
    "name": "second",
    "id": "chat-a1B2c3D4e5",
}
"""Texts of members that an answer repeats of the request."""
NUMBERS: dict[str, Any] = {"timestamp": 1_767_225_600.0, "double": 0.5, "integer": 400}


@frozen
class Member:
    """A member of a structure of a service."""

    service: str
    structure: str
    name: str


@frozen
class Leaf:
    """Where a member without members of its own is, in the requests or answers of an operation."""

    operation: str
    direction: Direction
    path: Path


def root_of(operation: str, direction: Direction) -> str | None:
    """Return the structure that an operation takes or answers with."""
    described = SERVICES[SERVICE_OF[operation]]["operations"][operation]
    shape: str | None = described.get(direction, {}).get("shape")
    return shape


def leaves() -> Iterator[Leaf]:
    """Yield the leaves of every operation."""
    for operation in SERVICE_OF:
        for direction in ("input", "output"):
            root = root_of(operation, direction)
            if root is not None:
                for path in _leaves(SERVICES[SERVICE_OF[operation]]["shapes"], root):
                    if path:
                        yield Leaf(operation, direction, path)


def _leaves(shapes: Mapping[str, Any], name: str) -> Iterator[Path]:
    shape = shapes[name]
    inner: dict[str, str] = {}
    if shape["type"] == "structure" and not shape.get("document"):
        inner = {member: each["shape"] for member, each in shape["members"].items()}
    elif shape["type"] == "list":
        inner = {"[]": shape["member"]["shape"]}
    elif shape["type"] == "map":
        inner = {"{}": shape["value"]["shape"]}
    if not inner:  # also a structure without members, which says something by being there
        yield ()
    for step, target in inner.items():
        for rest in _leaves(shapes, target):
            yield (step, *rest)


def members_on(leaf: Leaf) -> list[Member]:
    """Return the members on the way to a leaf, the leaf's own last."""
    service = SERVICE_OF[leaf.operation]
    shapes = SERVICES[service]["shapes"]
    name, found = root_of(leaf.operation, leaf.direction) or "", list[Member]()
    for step in leaf.path:
        shape = shapes[name]
        if step in {"[]", "{}"}:
            name = shape["member" if step == "[]" else "value"]["shape"]
        else:
            found.append(Member(service, name, step))
            name = shape["members"][step]["shape"]
    return found


def below(member: Member) -> str | None:
    """Return the structure that the value of a member is, or is made of; None for a leaf."""
    shapes = SERVICES[member.service]["shapes"]
    name: str = shapes[member.structure]["members"][member.name]["shape"]
    while shapes[name]["type"] in {"list", "map"}:
        name = shapes[name]["member" if shapes[name]["type"] == "list" else "value"]["shape"]
    return name if shapes[name]["type"] == "structure" and shapes[name]["members"] else None


def flat(operation: str, value: Any) -> dict[Path, list[Any]]:
    """Return the leaves of a request of *operation*, each with its values in order."""
    found: dict[Path, list[Any]] = {}
    shapes = SERVICES[SERVICE_OF[operation]]["shapes"]
    for path, leaf in _flat(shapes, root_of(operation, "input") or "", value):
        found.setdefault(path, []).append(leaf)
    return found


def _flat(shapes: Mapping[str, Any], name: str, value: Any) -> Iterator[tuple[Path, Any]]:
    shape = shapes[name]
    steps: list[tuple[str, str, Any]] = []
    if shape["type"] == "structure" and not shape.get("document"):
        steps = [(key, shape["members"][key]["shape"], each) for key, each in value.items()]
        if not shape["members"]:
            yield (), value
    elif shape["type"] == "list":
        steps = [("[]", shape["member"]["shape"], each) for each in value]
    elif shape["type"] == "map":
        steps = [("{}", shape["value"]["shape"], each) for each in value.values()]
    else:
        yield (), value
    for step, target, each in steps:
        for rest, leaf in _flat(shapes, target, each):
            yield (step, *rest), leaf


@frozen
class Answers:
    """
    Makes answers of what is required, of words, and of the one leaf that is asked for.

    Attributes:
        shapes: Shapes of the service.
        choice: Which of its words each enumeration has.
        changed: Whether that leaf has another value than otherwise.
    """

    shapes: Mapping[str, Any]
    choice: int
    changed: bool

    def make(self, name: str, way: Path | None, member: str = "") -> Any:
        """Return a value that has the leaf to which *way* leads; other unions have their first."""
        shape = self.shapes[name]
        kind = shape["type"]
        is_leaf = way == () and self.changed
        if shape.get("document"):
            return {"a": 2 if is_leaf else 1}
        if kind == "structure":
            return self._structure(shape, way)
        step = "[]" if kind == "list" else "{}"
        rest = way[1:] if way and way[0] == step else None
        if kind == "list":
            return [self.make(shape["member"]["shape"], rest, member)]
        if kind == "map":
            return {"key": self.make(shape["value"]["shape"], rest)}
        if kind == "string":
            return self._text(shape, member, is_leaf=is_leaf)
        return NUMBERS[kind] + is_leaf

    def _structure(self, shape: Mapping[str, Any], way: Path | None) -> dict[str, Any]:
        members: dict[str, Any] = shape["members"]
        step = way[0] if way else ""
        kept = [name for name in members if self._is_needed(shape, name)]
        if shape.get("union"):
            kept = [] if step else list(members)[:1]
        made: dict[str, Any] = {}
        for name in dict.fromkeys([*kept, *([step] if step else [])]):
            rest = way[1:] if way and name == step else None
            made[name] = self.make(members[name]["shape"], rest, name)
        if isinstance(made.get(step), list):  # what is in one list, is in no other of its kind
            kind = members[step]["shape"]
            made.update(
                {name: [] for name in made if name != step and members[name]["shape"] == kind}
            )
        return made

    def _is_needed(self, shape: Mapping[str, Any], name: str) -> bool:
        """Return whether a member is required, an id, or a word on which others depend."""
        is_word = "enum" in self.shapes[shape["members"][name]["shape"]]
        return is_word or name in ECHOED or name in shape.get("required", ())

    def _text(self, shape: Mapping[str, Any], member: str, *, is_leaf: bool) -> str:
        words: list[str] = shape.get("enum", [])
        if len(words) > 1:
            return words[(self.choice + is_leaf) % len(words)]
        return (words or [ECHOED.get(member, "text")])[0] + "2" * is_leaf


def answer(leaf: Leaf, choice: int, *, changed: bool) -> dict[str, Any]:
    """Return an answer with the leaf at *leaf*, as it is or changed."""
    maker = Answers(SERVICES[SERVICE_OF[leaf.operation]]["shapes"], choice, changed)
    body: dict[str, Any] = maker.make(root_of(leaf.operation, "output") or "", leaf.path)
    return body
