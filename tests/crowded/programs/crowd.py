"""What the programs share: the other packages, imported first, and a conversation."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MemorySessionManager,
    MessageRole,
)

if TYPE_CHECKING:
    from agentcore_memory_async.local import LocalMemoryService

MEMORY_ID = "chat-a1B2c3D4e5"
TEXT = "I only fly window seats"
FACT = "The user only flies window seats."
CROWD = (
    "agents",
    "anthropic",
    "aws_xray_sdk.core",
    "bedrock_agentcore.memory",
    "langchain_aws",
    "langchain_openai",
    "langgraph.graph",
    "langgraph_checkpoint_aws",
    "litellm",
    "nest_asyncio",
    "openai",
    "opentelemetry.instrumentation.botocore",
    "sniffio",
    "strands",
    "trio",
    "uvloop",
    "ddtrace",  # the last: it hooks into the imports of all others
)
"""Modules that agents import, of which an environment has some."""


def installed(module: str) -> bool:
    """Return whether *module* can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it belongs to
        return False


def import_crowd() -> None:
    """Import whatever is installed here."""
    for name in CROWD:
        if installed(name):
            import_module(name)


async def converse(actor_id: str) -> None:
    """Store, read and await a message with the async API, and print what came."""
    async with AsyncMemorySessionManager(MEMORY_ID) as manager:
        session = await manager.create_memory_session(actor_id)
        async with session.extraction_poller("/facts/{actorId}/") as poller:
            await session.add_turns([ConversationalMessage(TEXT, MessageRole.USER)])
            facts = [record.content for record in await poller]
        turns = [turn.text for turn in await session.get_last_k_turns()]
    print(actor_id, turns, facts)


def converse_blocking(actor_id: str) -> None:
    """Do the same with the sync API."""
    with MemorySessionManager(MEMORY_ID) as manager:
        session = manager.create_memory_session(actor_id)
        with session.extraction_poller("/facts/{actorId}/") as poller:
            session.add_turns([ConversationalMessage(TEXT, MessageRole.USER)])
            facts = [record.content for record in poller.wait()]
        turns = [turn.text for turn in session.get_last_k_turns()]
    print(actor_id, turns, facts)


async def fail_and_retry(service: LocalMemoryService) -> None:
    """Print a read that is throttled once, and the error of a search that is refused."""
    async with AsyncMemorySessionManager(MEMORY_ID) as manager:
        session = await manager.create_memory_session("anna", verify=False)
        await session.add_turns([ConversationalMessage(TEXT, MessageRole.USER)])
        service.fail("ThrottlingException", operation="ListEvents", times=1)
        print([turn.text for turn in await session.get_last_k_turns()])
        service.fail("ValidationException", operation="RetrieveMemoryRecords")
        try:
            await session.search_long_term_memories("window or aisle", "/facts/{actorId}/")
        except AgentCoreMemoryError as error:
            print(type(error).__name__)
