"""
The branches of a conversation: pure, over events in any order.

A branch forks from an event, its root, which may be on another branch. Each event of a branch may
name the root, and the service may leave it out; the root itself may be deleted or have expired.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from agentcore_memory_async._wire.turns import chronological
from agentcore_memory_async._wire.validation import MAIN_BRANCH
from agentcore_memory_async.models import (
    BranchSummary,
    ConversationBranch,
    ConversationTree,
    Event,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def branch_summaries(events: Iterable[Event]) -> list[BranchSummary]:
    """Return the branches that *events* are on: the main one first, then the oldest."""
    branches = _by_branch(events)
    return [
        BranchSummary(name, _root(own), own[0].event_id, len(own), own[0].timestamp)
        for name, own in sorted(branches.items(), key=lambda item: item[0] != MAIN_BRANCH)
    ]


def conversation_tree(actor_id: str, session_id: str, events: Iterable[Event]) -> ConversationTree:
    """
    Return *events* as a tree, each once.

    A branch without a parent is an orphan. So is one branch of each circle, which services do not
    make, so that no branch is lost in it. Nothing recurses, since branches may be nested deeply.
    """
    branches = {MAIN_BRANCH: list[Event](), **_by_branch(events)}
    roots = {name: _root(own) for name, own in branches.items()}
    owners = {event.event_id: name for name, own in branches.items() for event in own}
    parents = {name: owners.get(root or "") for name, root in roots.items()}
    forks = defaultdict[str, list[str]](list)  # by the id of the root
    for name, root in roots.items():
        forks[root or ""].append(name)
    tops, order = _from_the_top(parents, branches, forks)
    made: dict[str, ConversationBranch] = {}
    for name in reversed(order):
        own = branches[name]
        below = {
            event.event_id: tuple(
                made[fork] for fork in forks.get(event.event_id, ()) if fork not in tops
            )
            for event in own
        }
        kept = {event_id: found for event_id, found in below.items() if found}
        made[name] = ConversationBranch(name, roots[name], tuple(own), kept)
    orphans = tuple(made[name] for name in branches if name in tops and name != MAIN_BRANCH)
    return ConversationTree(actor_id, session_id, made[MAIN_BRANCH], orphans)


def _from_the_top(
    parents: Mapping[str, str | None],
    branches: Mapping[str, list[Event]],
    forks: Mapping[str, list[str]],
) -> tuple[set[str], list[str]]:
    """Return the branches that fork from no other, and all of them, parents before forks."""
    tops, order, seen = set[str](), list[str](), set[str]()
    for name in sorted(parents, key=lambda name: parents[name] is not None):
        if name in seen:
            continue
        top = _topmost(name, parents)
        tops.add(top)
        left = [top]
        while left:
            above = left.pop()
            if above not in seen:
                seen.add(above)
                order.append(above)
                left += [
                    fork for event in branches[above] for fork in forks.get(event.event_id, ())
                ]
    return tops, order


def _topmost(name: str, parents: Mapping[str, str | None]) -> str:
    """Return the branch without a parent above *name*; in a circle, one that is on it."""
    passed = set[str]()
    while name not in passed:
        passed.add(name)
        name = parents[name] or name
    return name


def _by_branch(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return events by the names of their branches: all oldest first, and so the branches."""
    branches = defaultdict[str, list[Event]](list)
    for event in chronological(events):
        branches[event.branch.name if event.branch else MAIN_BRANCH].append(event)
    return dict(branches)


def _root(own: Iterable[Event]) -> str | None:
    """Return the root of a branch, as the first of its events says that names it."""
    named = (event.branch.root_event_id for event in own if event.branch)
    return next(filter(None, named), None)
