"""Branches as lists and trees, also where roots are unknown, nested deeply or in a circle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._wire.branches import branch_summaries, conversation_tree
from agentcore_memory_async._wire.turns import in_order
from agentcore_memory_async.models import Branch, ConversationBranch, Event

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(event_id: str, branch: str | None = None, root: str | None = None) -> Event:
    """Return an event; the digit that its id begins with is its time."""
    at = START + timedelta(milliseconds=int(event_id.partition("#")[0]))
    on = Branch(branch, root) if branch else None
    return Event(event_id, None, None, (), at, "a", "s", branch=on)


def names(branch: ConversationBranch) -> Iterator[str]:
    """Iterate over the names of a branch and all below it, without recursion."""
    left = [branch]
    while left:
        above = left.pop()
        yield above.name
        left += [fork for forks in above.forks.values() for fork in forks]


def test_a_summary_is_of_the_first_event() -> None:
    """First event, time and count are the branch's own; its root is that of any event's."""
    listed = [
        event("5#a", "b"),
        event("4#b", "b", "1#a"),
        event("4#a", "b"),
        event("3#a"),
        event("2#a", "early", "1#a"),
        event("1#a"),
    ]
    found = branch_summaries(listed)
    assert [("main", None), ("early", "1#a"), ("b", "1#a")] == [
        (each.name, each.root_event_id) for each in found
    ]
    assert [("1#a", 2), ("2#a", 1), ("4#a", 3)] == [
        (each.first_event_id, each.event_count) for each in found
    ]
    assert START + timedelta(milliseconds=4) == found[-1].created
    assert [] == branch_summaries([])
    assert ["b"] == [each.name for each in branch_summaries(listed[:1])]


def test_a_tree_has_branches_at_their_forks() -> None:
    """Branches are below the events that they fork from, in their order."""
    tree = conversation_tree(
        "a",
        "s",
        [
            event("1#a"),
            event("2#a"),
            event("3#a", "late", "2#a"),
            event("4#a", "b", "1#a"),
            event("5#a", "inner", "4#a"),
            event("6#a", "second", "1#a"),
        ],
    )
    assert ["1#a", "2#a"] == [each.event_id for each in tree.main.events]
    assert {"1#a": ["b", "second"], "2#a": ["late"]} == {
        event_id: [fork.name for fork in forks] for event_id, forks in tree.main.forks.items()
    }
    assert ["1#a", "2#a"] == list(tree.main.forks)
    [inner] = tree.main.forks["1#a"][0].forks["4#a"]
    assert ("inner", "4#a", {}, ()) == (inner.name, inner.root_event_id, inner.forks, tree.orphans)
    assert ("a", "s") == (tree.actor_id, tree.session_id)


def test_branches_without_a_parent_are_kept() -> None:
    """A branch whose root is gone or never named is an orphan, with what forks from it."""
    tree = conversation_tree(
        "a",
        "s",
        [event("3#a", "gone", "1#a"), event("4#a", "inner", "3#a"), event("2#a", "unnamed")],
    )
    assert () == tree.main.events
    assert ["unnamed", "gone"] == [each.name for each in tree.orphans]
    assert "inner" == tree.orphans[1].forks["3#a"][0].name


@pytest.mark.parametrize(
    ("listed", "orphans"),
    [
        ([event("1#a", "b", "1#a")], ["b"]),
        ([event("1#a", "x", "2#a"), event("2#a", "y", "1#a")], ["x"]),
        ([event("1#a", "below", "2#a"), event("2#a", "b", "2#a")], ["b"]),
    ],
    ids=["itself", "two", "below"],
)
def test_a_circle_ends(listed: list[Event], orphans: list[str]) -> None:
    """Of branches that fork from each other, one is an orphan, and none is lost."""
    tree = conversation_tree("a", "s", listed)
    found = [name for orphan in tree.orphans for name in names(orphan)]
    assert orphans == [each.name for each in tree.orphans]
    assert sorted({each.branch.name for each in listed if each.branch}) == sorted(found)
    assert listed == sorted(in_order(listed, "b"), key=lambda each: each.event_id)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, *"abcde"])), max_size=10))
def test_each_event_is_in_the_tree_once(specs: list[tuple[int, str | None]]) -> None:
    """Whatever the roots are, the tree has each event and each branch once."""
    listed = [event(f"{number}#a", name, f"{root}#a") for number, (root, name) in enumerate(specs)]
    tree = conversation_tree("a", "s", listed)
    left, found = [tree.main, *tree.orphans], list[ConversationBranch]()
    while left:
        found.append(left.pop())
        left += [fork for forks in found[-1].forks.values() for fork in forks]
    assert len({each.name for each in found}) == len(found)
    assert sorted(each.event_id for each in listed) == sorted(
        each.event_id for branch in found for each in branch.events
    )


def test_branches_may_be_nested_deeply() -> None:
    """A branch of a branch of a branch, 5,000 times, needs no recursion."""
    depth = 5000
    listed = [event(f"{at}#a", f"b{at}" if at else None, f"{at - 1}#a") for at in range(depth)]
    assert depth == len(list(names(conversation_tree("a", "s", listed).main)))
    assert listed == in_order(listed[::-1], f"b{depth - 1}")


def test_a_branch_is_after_what_it_forks_from() -> None:
    """Its events come after its root, also at the same time or before it, as clocks may have it."""
    root = event("5#c")
    listed = [event("4#a", "b", "5#c"), event("5#a", "b"), root, event("1#a")]
    assert ["1#a", "5#c", "4#a", "5#a"] == [each.event_id for each in in_order(listed, "b")]


def test_a_branch_of_an_unknown_root_is_between_the_main_one_and_those_below() -> None:
    """Where a root is gone, the main branch is first, and the branch that is read is last."""
    listed = [event("2#a", "b", "1#f"), event("2#b", "parent"), event("2#c"), event("2#d", "b")]
    assert ["2#c", "2#b", "2#a", "2#d"] == [each.event_id for each in in_order(listed, "b")]
