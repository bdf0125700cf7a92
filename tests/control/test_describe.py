"""What a manager knows of its memory once it is described, and what it then warns of."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Context,
    EpisodicReflection,
    EpisodicStrategy,
    IndexedKey,
    InvalidInputError,
    MetadataField,
    NotFoundError,
    RetrievalConfig,
    SemanticStrategy,
    UnwrittenNamespaceWarning,
)
from agentcore_memory_async._wire.declared_namespaces import written_by
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests.control.doubles import FACTS, MEMORY, answer, control_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STRATEGIES = [
    SemanticStrategy("facts", "/facts/{actorId}/"),
    SemanticStrategy("own"),
    EpisodicStrategy(
        "episodes", "/e/{actorId}/{sessionId}/", reflection=EpisodicReflection("/e/{actorId}/")
    ),
]


async def take(found: Any) -> None:
    """Take the first item of an iterator, and close it."""
    await anext(found, None)
    await found.aclose()


def poll(session: AsyncMemorySession, prefix: str) -> Any:
    """Make a poller, which sends nothing."""
    session.extraction_poller(prefix)

    async def nothing() -> None:
        """Return at once."""

    return nothing()


READS: dict[str, Callable[[AsyncMemorySession, str], Awaitable[Any]]] = {
    "list": lambda s, prefix: s.list_long_term_memory_records(prefix),
    "iterate": lambda s, prefix: take(s.iter_long_term_memory_records(prefix)),
    "search": lambda s, prefix: s.search_long_term_memories("seats", prefix),
    "exact": lambda s, prefix: s.list_long_term_memory_records(namespace=prefix),
    "poll": poll,
}


async def warned(call: Callable[[], Awaitable[Any]]) -> list[str]:
    """Return the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await call()
    return [str(each.message) for each in caught if each.category is UnwrittenNamespaceWarning]


@pytest.mark.parametrize("read", READS)
async def test_a_prefix_under_which_nothing_writes_is_warned_of_at_once(read: str) -> None:
    """A mistyped prefix is told by every read and by a poller; a right one is not."""
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        memory = await control.create_memory("chat", strategies=STRATEGIES)
        async with service.manager(memory.memory_id) as manager:
            session = await manager.create_memory_session("anna", "chat001")
            assert [] == await warned(lambda: READS[read](session, "/fact/{actorId}/"))
            assert memory == await manager.describe(control)
            (text,) = await warned(lambda: READS[read](session, "/fact/{actorId}/"))
            assert "writes under /fact/anna/" in text
            assert "/facts/{actorId}/" in text
            own = f"/strategy/{memory.strategies[1].memory_strategy_id}/actors/anna/"
            right = ["/facts/{actorId}/", own, "/e/{actorId}/{sessionId}/", "/e/{actorId}/"]
            for prefix in right:
                assert [] == await warned(lambda p=prefix: READS[read](session, p))  # type: ignore[misc]


async def test_a_description_is_one_request_and_no_other_call_asks() -> None:
    """Only describe() asks the control plane, once each time."""
    control_plane, transport = FakeTransport(), FakeTransport()
    control_plane.reply("GetMemory", *[answer()] * 2)
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(MEMORY, transport=transport) as manager,
    ):
        session = await manager.create_memory_session("anna", "chat001")
        await session.list_long_term_memory_records("/facts/anna/")
        assert [] == control_plane.requests
        await manager.describe(control)
        assert dict(manager._core.namespaces.templates) == {"facts": "/facts/{actorId}/"}
        view = manager.with_options(retry=manager._core.retry)
        assert view._core.namespaces is manager._core.namespaces
        await session.list_long_term_memory_records("/facts/anna/")
        assert ["GetMemory"] == [request.operation for request in control_plane.requests]
    assert "GetMemory" not in [request.operation for request in transport.requests]


async def test_hierarchical_actors_are_no_typing_mistake() -> None:
    """An actor id with a slash is below the actors' prefix, where such ids are allowed."""
    control_plane = FakeTransport()
    control_plane.reply("GetMemory", answer())
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(
            MEMORY, transport=FakeTransport(), allow_hierarchical_actor_ids=True
        ) as manager,
    ):
        await manager.describe(control)
        session = await manager.create_memory_session("org/anna", "chat001")
        assert [] == await warned(lambda: READS["list"](session, "/facts/{actorId}/"))


async def test_a_memory_that_is_not_there_changes_nothing() -> None:
    """A description that fails leaves the manager as it was."""
    control_plane = FakeTransport()
    control_plane.fail("GetMemory", "ResourceNotFoundException", status=404)
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(MEMORY, transport=FakeTransport()) as manager,
    ):
        with pytest.raises(NotFoundError):
            await manager.describe(control)
        assert not manager._core.namespaces.is_described


@pytest.mark.parametrize("control", [None, 5, "control"])
async def test_what_is_no_control_is_refused(control: Any) -> None:
    """An argument without memories is refused before any request."""
    async with AsyncMemorySessionManager(MEMORY, transport=FakeTransport()) as manager:
        with pytest.raises(InvalidInputError, match="control is"):
            await manager.describe(control)


@pytest.mark.parametrize("read", READS)
async def test_a_mistake_is_warned_of_once_and_where_it_is(read: str) -> None:
    """A thousand actors lead to one warning of a template, at the line that gave it."""
    control_plane = FakeTransport()
    control_plane.reply("GetMemory", answer())
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(MEMORY, transport=FakeTransport()) as manager,
    ):
        await manager.describe(control)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for number in range(50):
                session = AsyncMemorySession(manager, f"a{number}", "s")
                await READS[read](session, "/fact/{actorId}/")
        assert [__file__] == [each.filename for each in caught]
        assert "/fact/a0/ (/fact/{actorId}/)" in str(caught[0].message)


async def test_a_context_warns_of_its_templates_once() -> None:
    """A mistyped template of a context is warned of as it was given."""
    control_plane = FakeTransport()
    control_plane.reply("GetMemory", answer())
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(MEMORY, transport=FakeTransport()) as manager,
    ):
        await manager.describe(control)
        configs = {"/fact/{actorId}/": RetrievalConfig(), "/facts/{actorId}/": RetrievalConfig()}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for number in range(5):
                session = AsyncMemorySession(manager, f"a{number}", "s")
                await session.retrieve_context("seats", configs)
        assert [__file__] == [each.filename for each in caught]


async def test_describing_again_warns_of_what_was_declared_only() -> None:
    """What a strategy wrote under before it was changed is nobody's mistake."""
    control_plane = FakeTransport()
    other = FACTS | {"namespaces": ["/new/{actorId}/"], "namespaceTemplates": ["/new/{actorId}/"]}
    control_plane.reply("GetMemory", answer(), answer(strategies=[other]))
    declared = {"mine": "/mine/{actorId}/"}
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(
            MEMORY, transport=FakeTransport(), namespaces=declared
        ) as manager,
    ):
        for written in ("/facts/{actorId}/", "/new/{actorId}/"):
            (text,) = await warned(lambda: manager.describe(control))
            assert text.endswith(f"writes under /mine/{{actorId}}/: they write under {written}")


async def test_a_memory_without_strategies_is_searched_for_nothing() -> None:
    """Once it is described, that no strategy writes anywhere is known, and no error."""
    control_plane, transport = FakeTransport(), FakeTransport()
    control_plane.reply("GetMemory", answer(strategies=[]))
    async with (
        control_on(control_plane) as control,
        AsyncMemorySessionManager(MEMORY, transport=transport) as manager,
    ):
        session = AsyncMemorySession(manager, "anna", "chat001")
        for reader in (session, manager.actor("anna")):
            with pytest.raises(InvalidInputError, match="knows no namespaces"):
                await reader.retrieve_context("seats")
        await manager.describe(control)
        for reader in (session, manager.actor("anna")):
            assert Context() == await reader.retrieve_context("seats")
            assert {} == dict(reader.namespaces)
    assert transport.requests == []


async def test_reflections_pass_on_what_their_own_schema_says() -> None:
    """The keys of an episodic strategy are not those of its reflections."""
    schema = [MetadataField("topic", extraction_type="STRICTLY_CONSISTENT")]
    strategy = EpisodicStrategy(
        "episodes",
        "/e/{actorId}/{sessionId}/",
        record_schema=schema,
        reflection=EpisodicReflection("/e/{actorId}/"),
    )
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        memory = await control.create_memory(
            "chat", strategies=[strategy], indexed_keys=[IndexedKey("topic")]
        )
    found = written_by(memory)
    assert {"topic"} == found["episodes"].exact_keys
    assert not found["episodes.reflection"].exact_keys
