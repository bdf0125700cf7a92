"""
LangGraph's conformance tests on AWS's checkpointer, beside which ours stands in the table.

It takes the actor id from each config, where the tests have none: so one is put in.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import suite_backend
from langgraph_checkpoint_aws import AgentCoreMemorySaver

SPEC = "langgraph.checkpoint.conformance.spec.test_"
BASE = ("put", "put_writes", "get_tuple", "list", "delete_thread")
TESTS = [
    test
    for capability in BASE
    for test in vars(importlib.import_module(SPEC + capability))[f"ALL_{capability.upper()}_TESTS"]
]


class WithActor(AgentCoreMemorySaver):
    """The checkpointer, with an actor id in each config."""


def with_actor(name: str) -> Any:
    """Return a method whose configs have an actor id."""
    method = getattr(AgentCoreMemorySaver, name)

    def call(self: Any, config: Any, *args: Any, **options: Any) -> Any:
        if config is not None:
            config = {**config, "configurable": {"actor_id": "actor", **config["configurable"]}}
        if options.get("before"):
            before = options["before"]
            options["before"] = {
                **before,
                "configurable": {"actor_id": "actor", **before["configurable"]},
            }
        return method(self, config, *args, **options)

    return call


for name in (
    "aput",
    "aput_writes",
    "aget_tuple",
    "alist",
    "put",
    "put_writes",
    "get_tuple",
    "list",
):
    setattr(WithActor, name, with_actor(name))


async def adelete_thread(self: Any, thread_id: str, actor_id: str = "actor") -> Any:
    """Delete a thread of the actor."""
    return await AgentCoreMemorySaver.adelete_thread(self, thread_id, actor_id)


WithActor.adelete_thread = adelete_thread


@pytest.fixture
def saver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the checkpointer, on the local service."""
    for name, value in suite_backend.service().environment.items():
        monkeypatch.setenv(name, value)
    return WithActor(memory_id=suite_backend.MEMORY_ID, region_name="us-west-2")


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
async def test_conforms(test: Any, saver: Any) -> None:
    """One test of the conformance suite."""
    await test(saver)
