"""
New names for actors and namespaces: pure.

Namespaces are renamed segment by segment: ``/facts/anna/`` is not below ``/facts/ann/``. The
longest prefix that is mapped is replaced, and actor ids in what follows it. So records stay with
their actors unless a prefix says otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from attrs import evolve, field, frozen

from agentcore_memory_async._wire.namespaces import as_prefix, resolve_template
from agentcore_memory_async._wire.validation import check_actor_id
from agentcore_memory_async.cli._exit_codes import WRONG_USAGE, CommandError
from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.models import Conversation, HistoryRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Segments = tuple[str, ...]

MAP_ACTOR, MAP_NAMESPACE = "--map-actor", "--map-namespace"
"""Options that give new names."""
_FILE = "@"
"""What stands before the name of a file whose lines are pairs."""


@frozen
class Renaming:
    """
    New names of actors and namespaces.

    Attributes:
        actors: New actor ids by old ones.
        namespaces: New prefixes of namespaces by old ones, each ending with ``/``.
        typed: Options and old names that were typed, and not read from a file: they must occur.
        used: Options and old names that have occurred; filled in as items are renamed.
    """

    actors: Mapping[str, str] = field(factory=dict[str, str])
    namespaces: Mapping[str, str] = field(factory=dict[str, str])
    typed: frozenset[tuple[str, str]] = frozenset()
    used: set[tuple[str, str]] = field(factory=set[tuple[str, str]])

    def actor(self, actor_id: str) -> str:
        """Return the new id of an actor; its own where none was given."""
        if actor_id not in self.actors:
            return actor_id
        self.used.add((MAP_ACTOR, actor_id))
        return self.actors[actor_id]

    def namespace(self, namespace: str) -> str:
        """
        Return the new name of a namespace.

        Raises:
            InvalidInputError: The old id of an actor occurs in it more than once, so that it cannot
                be told which is the actor's.
        """
        segments = _segments(namespace)
        fitting = [old for old in self.namespaces if _begins(segments, _segments(old))]
        old = max(fitting, key=lambda each: len(_segments(each)), default=None)
        new: Segments = ()
        if old is not None:
            self.used.add((MAP_NAMESPACE, old))
            new, segments = _segments(self.namespaces[old]), segments[len(_segments(old)) :]
        new += self._with_actors(namespace, segments)
        if new == _segments(namespace):
            return namespace
        return "/".join(new) + ("/" if namespace.endswith("/") or new == ("",) else "")

    def item(self, item: Conversation | HistoryRecord) -> Conversation | HistoryRecord:
        """Return an item under its new names; errors are those of `namespace`."""
        if isinstance(item, Conversation):
            return evolve(item, actor_id=self.actor(item.actor_id))
        return evolve(item, namespace=self.namespace(item.namespace))

    def check_used(self) -> None:
        """
        Check that all names that were typed have occurred.

        Raises:
            CommandError: One has not, and may be misspelled.
        """
        if unused := sorted(self.typed - self.used):
            option, old = unused[0]
            what = "actor" if option == MAP_ACTOR else "record below"
            _refuse(f"{option} {old}=...: the archive has no {what} {old}; correct it, or leave it")

    def _with_actors(self, namespace: str, segments: Segments) -> Segments:
        new: list[str] = []
        found = set[str]()
        at = 0
        while at < len(segments):
            fitting = [old for old in self.actors if _begins(segments[at:], tuple(old.split("/")))]
            actor_id = max(fitting, key=len, default=None)
            if actor_id is None:
                new.append(segments[at])
                at += 1
                continue
            if actor_id in found:
                message = (
                    f"namespace {namespace} has {actor_id} more than once, and which of them is "
                    f"the actor is not known; say what it becomes by {MAP_NAMESPACE} "
                    f"{namespace}=..."
                )
                raise InvalidInputError(message)
            found.add(actor_id)
            self.used.add((MAP_ACTOR, actor_id))
            new.append(self.actors[actor_id])
            at += actor_id.count("/") + 1
        return tuple(new)


def read_renaming(actors: Sequence[str], namespaces: Sequence[str]) -> Renaming:
    """
    Return the new names of options: ``OLD=NEW`` each, or ``@FILE`` with a line of that each.

    Raises:
        CommandError: An option, or a line, is no pair of valid names, or contradicts another.
        OSError: A file can't be read.
    """
    typed = set[tuple[str, str]]()
    new_actors = _pairs(MAP_ACTOR, actors, _actor_id, typed)
    new_namespaces = _pairs(MAP_NAMESPACE, namespaces, _prefix, typed)
    return Renaming(new_actors, new_namespaces, frozenset(typed))


def _pairs(
    option: str,
    given: Sequence[str],
    checked: Callable[[str], str],
    typed: set[tuple[str, str]],
) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for each in given:
        where = f"{option} {each}"
        is_file = each.startswith(_FILE)
        lines = _lines(option, each[len(_FILE) :]) if is_file else [(where, each)]
        for place, line in lines:
            old, equals, new = line.partition("=")
            if not equals:
                _refuse(f"{place}: give OLD=NEW, or {_FILE}FILE with a line of that each")
            try:
                old, new = checked(old.strip()), checked(new.strip())
            except InvalidInputError as error:
                _refuse(f"{place}: {error}")
            if pairs.setdefault(old, new) != new:
                _refuse(f"{place}: {old} is given another name, too; give it one")
            if not is_file:
                typed.add((option, old))
    return pairs


def _lines(option: str, name: str) -> list[tuple[str, str]]:
    try:
        lines = Path(name).read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        _refuse(f"{option} {_FILE}{name}: it is no UTF-8 text; give a line OLD=NEW each")
    numbered = enumerate(lines, 1)
    return [(f"line {number} of {name}", line) for number, line in numbered if line.strip()]


def _actor_id(text: str) -> str:
    return check_actor_id(text, hierarchical=True)


def _prefix(text: str) -> str:
    return as_prefix(resolve_template(text, {}, argument="the namespace"))


def _segments(namespace: str) -> Segments:
    """Return the segments of a namespace; that at its beginning is empty, as in a path."""
    return tuple(namespace.removesuffix("/").split("/"))


def _begins(segments: Segments, with_those: Segments) -> bool:
    return segments[: len(with_those)] == with_those


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, WRONG_USAGE)
