"""New names for actors and namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentcore_memory_async import Conversation, HistoryRecord, InvalidInputError
from agentcore_memory_async.cli._archive.mapping import Renaming, read_renaming
from agentcore_memory_async.cli._exit_codes import CommandError
from tests.client.test_transfer import START

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.from_regex(r"[a-d]{1,2}", fullmatch=True)
NAMESPACES = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: f"/{'/'.join(names)}/")


@given(st.text(max_size=30))
def test_without_rules_a_namespace_stays_as_it_is(namespace: str) -> None:
    """Whatever it is."""
    assert Renaming().namespace(namespace) == namespace
    assert Renaming({"x:x": "y"}, {"/x:x/": "/y/"}).namespace(f"/a{namespace}") == f"/a{namespace}"


@given(NAMESPACES, st.permutations(["a", "b", "c", "d", "aa"]))
def test_actors_that_change_places_change_back(namespace: str, new: list[str]) -> None:
    """Names are given all at once: none is renamed twice."""
    names = dict(zip(["a", "b", "c", "d", "aa"], new, strict=True))
    segments = namespace.split("/")
    assume(len(set(segments[1:-1])) == len(segments) - 2)
    there = Renaming(names).namespace(namespace)
    assert there == "/".join(names.get(each, each) for each in segments)
    assert Renaming({new: old for old, new in names.items()}).namespace(there) == namespace


@given(NAMESPACES, NAMESPACES, NAMESPACES)
def test_a_prefix_is_replaced_where_it_begins_a_namespace(old: str, new: str, below: str) -> None:
    """What is below it stays, and so does what is elsewhere."""
    renaming = Renaming({}, {old: new})
    assert renaming.namespace(old) == new
    assert renaming.namespace(old + below[1:]) == new + below[1:]
    assert renaming.namespace(old[:-1]) == new[:-1]
    assert renaming.namespace(f"/z{old}") == f"/z{old}"
    assert renaming.namespace(f"{old[:-1]}z/") == f"{old[:-1]}z/"


@pytest.mark.parametrize(
    ("namespace", "becomes"),
    [
        ("/facts/anna/", "/facts/zoe/"),
        ("/facts/anna", "/facts/zoe"),
        ("/facts/annabel/", "/facts/annabel/"),
        ("/facts/org/team/", "/facts/new/"),
        ("/facts/org/", "/facts/org/"),
        ("/old/anna/s1/", "/new/zoe/s1/"),
        ("/old/deep/anna/", "/anna/deep/zoe/"),
        ("/gone/anna/", "/zoe/"),
        ("/gone/", "/"),
        ("/gone", "/"),
        ("/", "/"),
    ],
)
def test_actors_follow_and_prefixes_win(namespace: str, becomes: str) -> None:
    """The longest prefix is replaced; actors are renamed in what follows it, and not in it."""
    renaming = Renaming(
        {"anna": "zoe", "org/team": "new"},
        {"/old/": "/new/", "/old/deep/": "/anna/deep/", "/gone/": "/"},
    )
    assert renaming.namespace(namespace) == becomes


def test_everything_can_be_put_below_a_prefix() -> None:
    """The prefix of everything is ``/``."""
    assert Renaming({}, {"/": "/imported/"}).namespace("/facts/anna/") == "/imported/facts/anna/"


def test_items_get_their_names() -> None:
    """A conversation the id of its actor, a record its namespace."""
    renaming = Renaming({"anna": "zoe"})
    said = Conversation("anna", "s1", [])
    assert renaming.item(said) == Conversation("zoe", "s1", [])
    fact = HistoryRecord("/facts/anna/", "text", START)
    assert renaming.item(fact) == HistoryRecord("/facts/zoe/", "text", START)


def test_an_actor_twice_in_a_namespace_is_refused() -> None:
    """It is not guessed which of them is the actor; a rule for the namespace says it."""
    with pytest.raises(InvalidInputError, match="/users/users/ has users more than once"):
        Renaming({"users": "zoe"}).namespace("/users/users/")
    rule = {"/users/users/": "/users/zoe/"}
    assert Renaming({"users": "zoe"}, rule).namespace("/users/users/") == "/users/zoe/"


def test_names_are_read_from_options_and_files(tmp_path: Path) -> None:
    """A file has a line each; only names that were typed must occur."""
    file = tmp_path / "names.txt"
    file.write_text("anna=zoe\n\n org/team = new/team \n")
    renaming = read_renaming(["berta=yan", f"@{file}"], ["/old=/new", "/a/=/b/"])
    assert renaming.actors == {"berta": "yan", "anna": "zoe", "org/team": "new/team"}
    assert renaming.namespaces == {"/old/": "/new/", "/a/": "/b/"}
    renaming.actor("berta")
    renaming.namespace("/old/x/")
    with pytest.raises(CommandError, match=r"--map-namespace /a/=\.\.\.: the archive has no"):
        renaming.check_used()
    renaming.namespace("/a/x/")
    renaming.check_used()


def test_an_actor_that_only_has_records_occurs() -> None:
    """A segment of a namespace counts."""
    renaming = read_renaming(["anna=zoe"], [])
    with pytest.raises(CommandError, match=r"--map-actor anna=\.\.\.: the archive has no actor"):
        renaming.check_used()
    renaming.namespace("/facts/anna/")
    renaming.check_used()


@pytest.mark.parametrize(
    ("actors", "namespaces", "named"),
    [
        (["anna"], [], "--map-actor anna: give OLD=NEW"),
        (["anna="], [], "--map-actor anna=: actor_id is empty"),
        (["an na=zoe"], [], "--map-actor an na=zoe: actor_id"),
        (["anna=zoe", "anna=yan"], [], "--map-actor anna=yan: anna is given another name"),
        ([], ["/a/=/b*/"], r"--map-namespace /a/=/b\*/: the namespace"),
        ([], ["/a/={actorId}"], "--map-namespace"),
        ([], ["=/b/"], "--map-namespace =/b/: the namespace has 0 characters"),
        ([], ["/a=/b", "/a/=/c/"], "--map-namespace /a/=/c/: /a/ is given another name"),
    ],
)
def test_bad_pairs_are_refused(actors: list[str], namespaces: list[str], named: str) -> None:
    """The error names the option."""
    with pytest.raises(CommandError, match=named) as caught:
        read_renaming(actors, namespaces)
    assert caught.value.exit_code == 2


def test_bad_files_are_refused(tmp_path: Path) -> None:
    """The error names the file and its line."""
    file = tmp_path / "names.txt"
    file.write_text("anna=zoe\nberta\n")
    with pytest.raises(CommandError, match=r"line 2 of .*names\.txt: give OLD=NEW"):
        read_renaming([f"@{file}"], [])
    file.write_bytes(b"\xff=\xfe")
    with pytest.raises(CommandError, match="it is no UTF-8 text"):
        read_renaming([f"@{file}"], [])
    with pytest.raises(FileNotFoundError):
        read_renaming([f"@{tmp_path / 'none'}"], [])
