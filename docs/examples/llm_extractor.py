"""
A custom extractor for the local service that asks a language model.

It needs no account, since a stand-in replaces the model. With --bedrock MODEL_ID it asks that
model on Amazon Bedrock, with your credentials.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import (
    BuiltInExtractor,
    ExtractionRequest,
    ExtractorError,
    LocalMemoryService,
)

Model = Callable[[str], Awaitable[str]]

INSTRUCTIONS = {
    "SEMANTIC": "facts about the user that will still matter in a month, one sentence each",
    "USER_PREFERENCE": "the user's preferences, each a JSON object as text with the members "
    "context, preference (one short sentence) and categories (a list)",
}


class LlmExtractor:
    """Asks a model for facts and preferences; the built-in extractor does the rest."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._built_in = BuiltInExtractor()

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return the texts of the records."""
        if request.kind not in INSTRUCTIONS:
            return self._built_in.extract(request)
        conversation = "\n".join(f"{message.role}: {message.text}" for message in request.messages)
        answer = await self._model(
            f"Return a JSON array of strings: {INSTRUCTIONS[request.kind]}. "
            f"Return [] if there is nothing of the kind.\n\n{conversation}"
        )
        try:
            texts = json.loads(answer)
        except ValueError as error:
            # The job fails as on the service: it is listed as failed and can be started again.
            raise ExtractorError("MODEL_ERROR", "the model did not answer with JSON") from error
        return [text if isinstance(text, str) else json.dumps(text) for text in texts]

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return whether the record *new* makes the record *old* obsolete."""
        return self._built_in.replaces(kind, new, old)


async def stand_in(prompt: str) -> str:
    """Return an answer such as a model would give."""
    if "preferences" in prompt:
        preference = {
            "context": "The user told how they fly.",
            "preference": "Flies in window seats only",
            "categories": ["travel"],
        }
        return json.dumps([json.dumps(preference)])
    return json.dumps(["The user lives in Turin and only flies in window seats."])


def bedrock(model_id: str) -> Model:
    """Return a function that asks a model on Amazon Bedrock."""
    import aioboto3

    session = aioboto3.Session()

    async def ask(prompt: str) -> str:
        async with session.client("bedrock-runtime") as client:
            messages = [{"role": "user", "content": [{"text": prompt}]}]
            answer = await client.converse(modelId=model_id, messages=messages)
        text: str = answer["output"]["message"]["content"][0]["text"]
        return text

    return ask


async def main(model: Model) -> None:
    """Store one message and print the extracted records."""
    async with (
        LocalMemoryService(extractor=LlmExtractor(model)) as service,
        service.manager("chat-a1B2c3D4e5") as manager,
    ):
        session = await manager.create_memory_session("user123", "chat001")
        text = "I live in Turin, and I only fly window seats."
        await session.add_turns([ConversationalMessage(text, MessageRole.USER)])
        await service.drain()
        for record in await session.list_long_term_memory_records("/facts/user123/"):
            print(f"[{record.namespace}] {record.content}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bedrock", metavar="MODEL_ID", help="ask this model on Amazon Bedrock")
    chosen = parser.parse_args().bedrock
    asyncio.run(main(bedrock(chosen) if chosen else stand_in))
