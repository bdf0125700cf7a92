"""The arguments of a poller, checked and parsed: pure."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve, field, frozen

from agentcore_memory_async._extraction.targets import JobTarget, RecordTarget
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import check_record_filters
from agentcore_memory_async._wire.metadata import OWN_KEYS
from agentcore_memory_async._wire.namespaces import resolve_prefix
from agentcore_memory_async.filters import Filter
from agentcore_memory_async.models import Event
from agentcore_memory_async.policies import PollPolicy, check_polling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agentcore_memory_async.models import MemoryRecord


@frozen
class WaitOptions:
    """
    What to wait for, and for how long.

    Attributes:
        targets: Where new records are expected.
        policy: When to poll.
        timeout_s: Longest duration, in seconds.
        min_records: Number of new records that is enough, over all targets.
        settle_s: Quiet period in seconds that ends the wait.
        until: Returns whether the new records are enough.
        returns_on_timeout: Whether a timeout returns the records so far instead of raising.
        since: Event after which records are new.
        jobs: Whose failed jobs matter; None where they are not asked for.
        given: Resolved prefixes by what was given.
    """

    targets: tuple[RecordTarget, ...]
    policy: PollPolicy
    timeout_s: float
    min_records: int
    settle_s: float
    until: Callable[[list[MemoryRecord]], bool] | None
    returns_on_timeout: bool
    since: Event | None = field(repr=False)
    jobs: JobTarget | None
    given: Mapping[str, str]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Resolved prefixes."""
        return tuple(target.prefix for target in self.targets)


def parse_wait_options(
    namespace_prefix: object,
    *,
    policy: PollPolicy,
    ids: Mapping[str, str | None],
    timeout: object,
    min_records: object,
    settle: object,
    since: object,
    until: object,
    memory_strategy_id: object,
    filters: object,
    metadata: object,
    exact: object,
    on_timeout: object,
    polling: object,
) -> WaitOptions:
    """
    Check and parse the arguments of an ``extraction_poller``.

    Args:
        namespace_prefix: One prefix or several, with templates.
        policy: The manager's policy.
        ids: ``actorId`` and ``sessionId``, as far as the view has them; else those of *since*.
        timeout: As the poller's.
        min_records: As the poller's.
        settle: As the poller's.
        since: As the poller's.
        until: As the poller's.
        memory_strategy_id: As the poller's.
        filters: As the poller's.
        metadata: As the poller's.
        exact: As the poller's.
        on_timeout: As the poller's.
        polling: As the poller's.

    Raises:
        InvalidInputError: An argument is invalid.
    """
    prefixes = _read_prefixes(namespace_prefix)
    event = _read_since(since, ids)
    if event is not None:
        ids = {**ids, "actorId": event.actor_id, "sessionId": event.session_id}
    least = _read_by_prefix("min_records", min_records, prefixes)
    strategies = _read_by_prefix("memory_strategy_id", memory_strategy_id, prefixes)
    entry = _read_exact(exact, event)
    wanted = check_record_filters(
        filters, metadata, ("the poller",) if entry is None else ("the poller", "exact")
    )
    if entry is not None:  # the service refuses a key that the memory lacks
        wanted = (*wanted, Filter(entry[0], "EXISTS"))
    targets: dict[RecordTarget, int] = {}
    given: dict[str, str] = {}
    for prefix in prefixes:
        strategy = strategies.get(prefix)
        if strategy is not None:
            strategy = check.check_memory_strategy_id(strategy)
        values = {**ids, "memoryStrategyId": strategy}
        count = least.get(prefix) if isinstance(min_records, Mapping) else None
        if count is not None:
            count = check.check_int(f"min_records[{prefix[:80]!r}]", count)
        target = RecordTarget(
            resolve_prefix(prefix, values),
            values["memoryStrategyId"],
            filters=wanted,
            exact=entry,
        )
        given[prefix] = target.prefix
        targets[target] = max(count or 0, targets.get(target, 0))  # the same one may be given twice
    if not isinstance(on_timeout, str) or on_timeout not in {"raise", "return"}:
        what = repr(on_timeout) if isinstance(on_timeout, str) else check.kind(on_timeout)
        check.refuse(f"on_timeout is {what}; use 'raise' or 'return'")
    return WaitOptions(
        tuple(evolve(target, min_records=count) for target, count in targets.items()),
        check_polling(polling) or policy,
        timeout_s=check.check_duration("timeout", timeout, least=0.001),
        min_records=1
        if isinstance(min_records, Mapping)
        else check.check_int("min_records", min_records),
        settle_s=check.check_duration("settle", settle),
        until=_read_until(until),
        returns_on_timeout=on_timeout == "return",
        since=event,
        jobs=_read_jobs(ids, targets),
        given=given,
    )


def _read_jobs(ids: Mapping[str, str | None], targets: Iterable[RecordTarget]) -> JobTarget | None:
    """
    Return whose failed jobs matter: of the session if known, or else of the actor; and of the
    strategies, where each target names one.
    """
    actor_id = ids.get("actorId")
    if not actor_id:
        return None
    strategies = {target.memory_strategy_id for target in targets}
    named = frozenset(strategy for strategy in strategies if strategy is not None)
    return JobTarget(actor_id, ids.get("sessionId"), frozenset() if None in strategies else named)


def _read_until(given: object) -> Callable[[list[MemoryRecord]], bool] | None:
    """Parse *until*; an async function is refused, since its awaitable would always be true."""
    advice = "give a function of a list of records that returns True or False, or None"
    check.check_callable("until", given, advice)
    if inspect.iscoroutinefunction(given):
        check.refuse(f"until is an async function; {advice}")
    until = cast("Callable[[list[MemoryRecord]], object] | None", given)
    if until is None:
        return None

    def judge(records: list[MemoryRecord]) -> bool:
        verdict = until(records)
        if inspect.isawaitable(verdict):
            if inspect.iscoroutine(verdict):
                verdict.close()
            check.refuse(f"until returned an awaitable; {advice}")
        return bool(verdict)

    return judge


def _read_prefixes(given: object) -> list[str]:
    """Parse one prefix or several."""
    prefixes = [given] if isinstance(given, str) else given
    if not isinstance(prefixes, list | tuple) or not prefixes:
        what = "empty" if prefixes == [] or prefixes == () else check.kind(given)
        check.refuse(
            f"namespace_prefix is {what}; give a str such as '/facts/{{actorId}}/', or a list "
            "of one or more"
        )
    for prefix in cast("Sequence[object]", prefixes):
        if not isinstance(prefix, str):
            resolve_prefix(cast("str", prefix), {})  # raises, naming the type
    return list(cast("Sequence[str]", prefixes))


def _read_since(given: object, ids: Mapping[str, str | None]) -> Event | None:
    """Parse the event after which records are new; a session or an actor takes only its own."""
    check.check_is("since", given, Event, "give the Event that add_turns() returned, or None")
    if given is None:
        return None
    event = cast("Event", given)
    own = {
        "actor": (ids.get("actorId"), event.actor_id),
        "session": (ids.get("sessionId"), event.session_id),
    }
    bound = [what for what, (ours, _) in own.items() if ours is not None]
    if any(own[what][0] != own[what][1] for what in bound):
        check.refuse(
            f"since is an event of actor {event.actor_id!r}, session {event.session_id!r}; "
            f"give an event of this {bound[-1]}, or use the manager's extraction_poller()"
        )
    return event


def _read_exact(given: object, since: Event | None) -> tuple[str, str] | None:
    """Parse the entry of metadata that tells one's own records from those of others."""
    if given is None:
        return None
    items = given
    entry = tuple(cast("Sequence[object]", items)) if isinstance(items, list | tuple) else ()
    if len(entry) != 2:
        what = "of another length" if entry else check.kind(given)
        check.refuse(f"exact is {what}; give a key and its value, such as ('chat', 'chat001')")
    key = check.check_metadata_text("the key of exact", entry[0], 1, 128, "")
    value = check.check_metadata_text("the value of exact", entry[1], 1, 256, "")
    if key.startswith(OWN_KEYS):
        check.refuse(f"exact has the key {key!r}, which the service sets; give a key of your own")
    if since is not None and since.metadata.get(key) != value:
        check.refuse(
            f"since is an event whose metadata has another {key!r} than exact, so no record that "
            "is extracted from it can have that; store the event with the same entry"
        )
    return key, value


def _read_by_prefix(argument: str, given: object, prefixes: list[str]) -> dict[str, Any]:
    """Parse one value for all prefixes, or a mapping from some of them."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(prefixes, given)
    by_prefix = dict(cast("Mapping[str, object]", given))
    unknown = [str(prefix) for prefix in by_prefix if prefix not in prefixes]
    if unknown or not by_prefix:
        what = f"the key {unknown[0][:80]!r}" if unknown else "no entries"
        check.refuse(
            f"{argument} has {what}; its keys are prefixes as they are given in namespace_prefix"
        )
    return by_prefix
