"""Forgetting, import and export, without ``await``."""

from __future__ import annotations

from datetime import UTC, datetime

from agentcore_memory_async import (
    Conversation,
    HistoryMessage,
    MemorySessionManager,
)
from tests.client.doubles import MEMORY
from tests.client.test_forgetting import NAMESPACES, Store, record_id


def test_an_actor_is_forgotten() -> None:
    """Followed by ``for``, and waited for; the report is that of the async class."""
    store = Store({"s1": ["0000001#a"]}, {record_id(1): "/facts/anna/"})
    with MemorySessionManager(MEMORY, transport=store, namespaces=NAMESPACES) as manager:
        work = manager.forget_actor("anna", settle=0)
        assert [step.phase for step in work][:2] == ["events", "records"]
        assert work.done
        assert work.wait().deleted.events == 1
        anna = manager.create_memory_session("anna", "s1", verify=False)
        assert anna.delete_session().wait().deleted.events == 0
        assert manager.actor("anna").delete_namespace("/facts/{actorId}/").wait().remaining == ()


def test_conversations_are_brought_in() -> None:
    """A generator that blocks is iterated in threads."""
    store = Store({}, {})
    said = [HistoryMessage("hi", "user", datetime(2026, 1, 1, tzinfo=UTC))]
    with MemorySessionManager(MEMORY, transport=store) as manager:
        work = manager.import_conversations(
            (Conversation("anna", f"s{number}", said) for number in range(3)), extract=False
        )
        assert [progress.messages for progress in work] == [3]
        assert work.wait().conversations == 3
        assert list(manager.export(["anna"], namespaces=["/f/{actorId}/"])) == []
