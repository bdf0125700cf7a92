"""Context for a model: all namespaces at once, what is relevant, each thing once, best first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    Context,
    InvalidInputError,
    Provenance,
    RetrievalConfig,
    RetryPolicy,
    TransportError,
    where,
)
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, wire_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer

SEARCH, MEMBER = "RetrieveMemoryRecords", "memoryRecordSummaries"
FACTS, PREFERENCES = "/facts/{actorId}/", "/preferences/{actorId}/"
CONFIG = RetrievalConfig()
DECLARED = {"facts": FACTS, "preferences": PREFERENCES}


class Remembering(FakeTransport):
    """Answer searches of each prefix with the records, or the error, that a test put there."""

    def __init__(self, **found: Any) -> None:
        super().__init__()
        self.found = found

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        if operation == SEARCH:
            answer = self.found.get(params["namespacePath"].split("/")[1], [])
            self.reply(SEARCH, answer if isinstance(answer, Exception) else {MEMBER: answer})
        return await super().__call__(operation, params)


def scored(
    number: int, score: float | None, namespace: str = "/facts/a/", text: str = ""
) -> dict[str, Any]:
    """Return a found record."""
    made = wire_record(number, namespace)
    made["content"] = {"text": text or f"fact {number}"}
    return made if score is None else {**made, "score": score}


def session_on(manager: Any) -> AsyncMemorySession:
    """Return the session of all tests."""
    return AsyncMemorySession(manager, "a", "s")


async def test_all_declared_namespaces_are_searched() -> None:
    """Each is searched as the defaults say, and the records come best first with their origin."""
    transport = Remembering(
        facts=[scored(1, 0.9), scored(2, 0.2)], preferences=[scored(3, 0.5, "/preferences/a/")]
    )
    async with manager_on(transport, namespaces=DECLARED) as manager:
        context = await session_on(manager).retrieve_context("seats?")

    assert ["fact 1", "fact 3", "fact 2"] == [record.text for record in context]
    assert [0.9, 0.5, 0.2] == [record.score for record in context]
    facts = Provenance(FACTS, "/facts/a/", "facts")
    preferences = Provenance(PREFERENCES, "/preferences/a/", "preferences")
    assert (facts, preferences, facts) == context.provenance
    sent = [(each["namespacePath"], each["searchCriteria"]) for each in transport.sent(SEARCH)]
    criteria = {"searchQuery": "seats?", "topK": 10}
    assert [("/facts/a/", criteria), ("/preferences/a/", criteria)] == sorted(sent)


async def test_an_actor_has_context_without_a_session() -> None:
    """What is remembered of an actor is found, and what is filed by session for all of them."""
    transport = Remembering(facts=[scored(1, 0.9)], s=[scored(2, 0.5, "/s/a/chat001/")])
    by_session = "/s/{actorId}/{sessionId}/"
    async with manager_on(transport, namespaces={"facts": FACTS, "s": by_session}) as manager:
        actor = manager.actor("a")
        contexts = [
            await actor.retrieve_context("seats?"),
            await actor.retrieve_context("q", dict.fromkeys((FACTS, by_session), CONFIG)),
        ]
        listed = await actor.list_long_term_memory_records(by_session)
        with pytest.raises(InvalidInputError, match=r"\{sessionId\}"):
            await actor.retrieve_context("q", {"/s/{sessionId}/": CONFIG})
        with pytest.raises(InvalidInputError, match=r"\{sessionId\}"):
            actor.delete_namespace(by_session)

    assert [] == listed
    assert "/s/a/" == transport.sent("ListMemoryRecords")[0]["namespacePath"]
    for context in contexts:
        assert ["fact 1", "fact 2"] == [record.text for record in context]
        assert Provenance(by_session, "/s/a/", "s") == context.provenance[1]


async def test_namespace_keys_of_the_memory_are_filled_in() -> None:
    """By the argument, else by the view; without a value the error says how to give one."""
    template = "/facts/{tenant}/{actorId}/"
    transport = Remembering(facts=[scored(1, 0.9, "/facts/red/a/")])
    async with manager_on(transport, namespaces={"facts": template}) as manager:
        session = session_on(manager)
        view = session.with_options(namespace_variables={"tenant": "red"})
        for context in (
            await session.retrieve_context("q", namespace_variables={"tenant": "red"}),
            await session.retrieve_context(
                "q", {template: CONFIG}, namespace_variables={"tenant": "red", "other": "x"}
            ),
            await view.retrieve_context("q"),
        ):
            assert Provenance(template, "/facts/red/a/", "facts") == context.provenance[0]
        transport.found = {}
        await view.retrieve_context("q", namespace_variables={"tenant": "blue"})
        assert "/facts/blue/a/" == transport.sent(SEARCH)[-1]["namespacePath"]
        with pytest.raises(InvalidInputError, match=r"\{tenant\}.*give namespace_variables=, or"):
            await session.retrieve_context("q")
        for bad in ({}, {"Tenant": "red"}, {"tenant": "Red"}, 5):
            with pytest.raises(InvalidInputError, match="namespace_variables"):
                await session.retrieve_context("q", namespace_variables=bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "advice"),
    [
        ("/x/{memoryStrategyId}/", "give strategy_id= of RetrievalConfig, or write the id itself"),
        ("/x/{tenant}/", "give namespace_variables=, or write its value itself"),
        ("/x/{sessionId}/", "no value here; write the id itself"),
    ],
)
async def test_each_variable_has_the_right_advice(template: str, advice: str) -> None:
    """What gives a variable its value depends on the variable."""
    async with manager_on(Remembering()) as manager:
        with pytest.raises(InvalidInputError, match=f"^retrieval_config .*{advice}"):
            await manager.actor("a").retrieve_context("q", {template: CONFIG})
    async with manager_on(Remembering(), namespaces=[template]) as manager:
        with pytest.raises(InvalidInputError, match=f"^namespaces .*{advice}"):
            await manager.actor("a").retrieve_context("q")


async def test_all_is_checked_before_the_first_search() -> None:
    """Six conditions are too many, also where *trusted* is the sixth; nothing is sent."""
    transport = Remembering()
    five = [where(f"k{number}") == "x" for number in range(5)]
    async with manager_on(transport) as manager:
        session = session_on(manager)
        configs = {FACTS: CONFIG, PREFERENCES: RetrievalConfig(metadata_filters=five)}
        with pytest.raises(InvalidInputError, match="trusted"):
            await session.retrieve_context("q", configs, trusted=["user"])
        assert [] == transport.requests
        await session.retrieve_context("q", configs)
    assert 2 == len(transport.requests)


async def test_each_template_is_searched_as_its_config_says() -> None:
    """Number, strategy, query and filters are those of the config; names are those declared."""
    found = {**scored(1, 0.5, "/strategies/f-1/a/"), "memoryStrategyId": "f-1"}
    transport = Remembering(strategies=[found])
    config = {
        "/strategies/{memoryStrategyId}/{actorId}": RetrievalConfig(
            top_k=1, strategy_id="f-1", retrieval_query="as a traveler:"
        ),
        FACTS: RetrievalConfig(top_k=100, metadata_filters=[where("topic") == "billing"]),
    }
    async with manager_on(transport, namespaces={"mine": FACTS}) as manager:
        context = await session_on(manager).retrieve_context("seats?", config)

    sent = {each["namespacePath"]: each["searchCriteria"] for each in transport.sent(SEARCH)}
    query = "as a traveler: seats?"
    assert {"searchQuery": query, "topK": 1, "memoryStrategyId": "f-1"} == sent[
        "/strategies/f-1/a/"
    ]
    condition = {
        "left": {"metadataKey": "topic"},
        "operator": "EQUALS_TO",
        "right": {"metadataValue": {"stringValue": "billing"}},
    }
    criteria = {"searchQuery": "seats?", "topK": 100, "metadataFilters": [condition]}
    assert criteria == sent["/facts/a/"]
    (found_at,) = context.provenance
    assert ("/strategies/f-1/a/", None) == (found_at.prefix, found_at.name)


async def test_records_below_the_score_are_left_out() -> None:
    """A record stays from the score on; one without a score has 0, and no score keeps them all."""
    found = [scored(1, 0.5), scored(2, 0.4999), scored(3, None), scored(4, -0.1)]
    transport = Remembering(facts=found)
    async with manager_on(transport) as manager:
        session = session_on(manager)
        some = await session.retrieve_context("q", {FACTS: RetrievalConfig(relevance_score=0.5)})
        every = await session.retrieve_context("q", {FACTS: RetrievalConfig()})

    assert ["fact 1"] == [record.text for record in some]
    assert {"fact 1", "fact 2", "fact 3", "fact 4"} == {record.text for record in every}


async def test_nothing_is_in_it_twice() -> None:
    """The best of several records of one id or one text stays."""
    transport = Remembering(
        facts=[scored(1, 0.3, text="window seats"), scored(2, 0.2), scored(5, 0.1, text="a")],
        preferences=[
            scored(3, 0.9, "/preferences/a/", text=" window seats\n"),
            scored(2, 0.8, "/preferences/a/", text="the same id"),
        ],
    )
    async with manager_on(transport, namespaces=DECLARED) as manager:
        context = await session_on(manager).retrieve_context("q")

    texts = [" window seats\n", "the same id", "a"]
    assert texts == [record.text for record in context]


RECORDS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([None, 0.0, 0.25, 0.5]), st.sampled_from("abcd")),
    max_size=8,
)


@given(RECORDS, RECORDS, st.sampled_from([0.0, 0.25, 0.5]))
@virtual_time
async def test_the_order_is_that_of_the_scores(
    facts: list[Any], preferences: list[Any], least: float
) -> None:
    """Against a plain model: best first, ties in the order of the templates and the service."""
    first = [scored(each[0], each[1], "/facts/a/", each[2]) for each in facts]
    second = [scored(each[0], each[1], "/preferences/a/", each[2]) for each in preferences]
    config = dict.fromkeys((FACTS, PREFERENCES), RetrievalConfig(relevance_score=least))
    async with manager_on(Remembering(facts=first, preferences=second)) as manager:
        context = await session_on(manager).retrieve_context("q", config)

    pool: list[Any] = []
    for records in (facts, preferences):  # as a search returns them
        for score in (0.5, 0.25, 0.0, None):
            pool += [each for each in records if each[1] == score]
    expected: list[tuple[int, str]] = []
    for score in (0.5, 0.25, 0.0):
        for number, its, text in pool:
            is_new = all(number != n and text != t for n, t in expected)
            if (its or 0.0) == score >= least and is_new:
                expected.append((number, text))
    assert [(f"mem-{number:036d}", text) for number, text in expected] == [
        (record.memory_record_id, record.text) for record in context
    ]


@virtual_time
async def test_five_namespaces_take_the_time_of_one() -> None:
    """All searches are under way together."""
    templates = [f"/kind{number}/{{actorId}}/" for number in range(5)]
    service = SlowService(takes_s=0.5)
    async with manager_on(service, namespaces=templates) as manager:
        session = session_on(manager)
        started = anyio.current_time()
        await session.retrieve_context("q", {templates[0]: RetrievalConfig()})
        one = anyio.current_time() - started
        await session.retrieve_context("q")
        five = anyio.current_time() - started - one

    assert (1.0, 1.0) == (one, five)
    assert 6 == len(service.sent(SEARCH))


@virtual_time
async def test_the_error_of_one_search_is_raised() -> None:
    """It is raised as itself, not in a group, and the other searches are not waited for."""
    cause = OSError("the cable")
    lost = TransportError(SEARCH, "connection lost")
    lost.__cause__ = cause
    service = SlowService(takes_s=0.5)
    service.fail(SEARCH, "AccessDeniedException", status=403)
    async with manager_on(service, namespaces=DECLARED) as manager:
        with pytest.raises(AccessDeniedError) as denied:
            await session_on(manager).retrieve_context("q")
        assert 0 == service.under_way
    assert denied.value.__context__ is None

    transport = Remembering(facts=[scored(1, 0.5)], preferences=lost)
    async with manager_on(transport, namespaces=DECLARED) as manager:
        session = session_on(manager).with_options(retry=RetryPolicy(max_attempts=1))
        with pytest.raises(TransportError) as raised:
            await session.retrieve_context("q")
    assert cause is raised.value.__cause__


@virtual_time
async def test_a_cancelled_retrieval_leaves_nothing_in_flight() -> None:
    """A cancellation ends all searches."""
    service = SlowService(takes_s=0.5)
    async with manager_on(service, namespaces=DECLARED) as manager:
        with anyio.move_on_after(0.75):
            await session_on(manager).retrieve_context("q")
        assert 0 == service.under_way


@pytest.mark.parametrize("length", [9_999, 10_000, 10_001, 25_000])
async def test_a_long_query_is_cut_to_its_end(
    length: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The last 10,000 characters are searched for; one log line says so, without content."""
    query = "CANARY " + "".join(chr(0x4E00 + number % 20_000) for number in range(length - 7))
    transport = Remembering()
    async with manager_on(transport, namespaces=DECLARED) as manager:
        with caplog.at_level(logging.WARNING):
            await session_on(manager).retrieve_context(query)
        with pytest.raises(InvalidInputError):
            await session_on(manager).search_long_term_memories("x" * 10_001, "/facts/a/")

    sent = {each["searchCriteria"]["searchQuery"] for each in transport.sent(SEARCH)}
    assert {query[-10_000:]} == sent
    lines = [record.getMessage() for record in caplog.records]
    assert (1 if length > 10_000 else 0) == len(lines)
    assert all(str(length) in line for line in lines)


async def test_a_long_query_is_cut_together_with_that_of_its_config() -> None:
    """What is sent is the end of both together, at most 10,000 characters."""
    transport = Remembering()
    config = {FACTS: RetrievalConfig(retrieval_query="y" * 6_000)}
    async with manager_on(transport) as manager:
        await session_on(manager).retrieve_context("x" * 5_000, config)

    (sent,) = transport.sent(SEARCH)
    assert "y" * 4_999 + " " + "x" * 5_000 == sent["searchCriteria"]["searchQuery"]


@pytest.mark.parametrize("query", [" ", "\n\t \u2003", "x" + " " * 10_000])
async def test_white_space_finds_nothing(query: str) -> None:
    """There is nothing to search for, so nothing is sent; text of a config is searched for."""
    transport = Remembering(facts=[scored(1, 0.5)])
    async with manager_on(transport, namespaces=DECLARED) as manager:
        session = session_on(manager)
        assert Context() == await session.retrieve_context(query)
        assert [] == transport.requests
        config = {FACTS: RetrievalConfig(retrieval_query="seats")}
        found = await session.retrieve_context("  ", config)
    assert 1 == len(found)


async def test_an_empty_mapping_searches_nothing() -> None:
    """It differs from none, for which the manager has to know namespaces."""
    transport = Remembering()
    async with manager_on(transport) as manager:
        session = session_on(manager)
        assert Context() == await session.retrieve_context("q", {})
        with pytest.raises(InvalidInputError, match=r"namespaces=\{.*describe\(control\)"):
            await session.retrieve_context("q")
    assert [] == transport.requests


async def test_nothing_is_sent_if_one_template_is_invalid() -> None:
    """All templates are filled in before the first request."""
    transport = Remembering()
    async with manager_on(transport) as manager:
        for bad in ("/x/{nope}/", "/x/{memoryStrategyId}/", "/a b/"):
            with pytest.raises(InvalidInputError, match="retrieval_config"):
                await session_on(manager).retrieve_context(
                    "q", {FACTS: RetrievalConfig(), bad: RetrievalConfig()}
                )
    assert [] == transport.requests


def test_a_config_has_the_defaults_of_the_official_sdk() -> None:
    """Names and defaults are those of its ``RetrievalConfig``; one record may be asked for."""
    config = RetrievalConfig()
    assert (10, 0.0, None, None, None) == (
        config.top_k,
        config.relevance_score,
        config.strategy_id,
        config.retrieval_query,
        config.metadata_filters,
    )
    assert 1 == RetrievalConfig(top_k=1).top_k
    assert "CANARY" not in repr(RetrievalConfig(retrieval_query="CANARY"))
