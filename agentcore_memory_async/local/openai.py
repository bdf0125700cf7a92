"""Models and embedders behind an OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, LM Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from agentcore_memory_async.local._api.members import child, children
from agentcore_memory_async.local._models.endpoint import Endpoint
from agentcore_memory_async.local._models.extractor import (
    DEFAULT_TIMEOUT_S,
    ModelExtractor,
    check_model,
    check_timeout,
)
from agentcore_memory_async.local.extractor_errors import ExtractorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.local._models.prompts import Prompt

__all__ = ("OpenAIEmbedder", "OpenAIExtractor")


class OpenAIExtractor(ModelExtractor):
    """
    An extractor that asks a model by OpenAI's chat completions.

    It has a prompt for each kind of strategy, asks for JSON of a schema, and lets the model decide
    whether an extracted record is added, updates an existing one, or is skipped. An answer that
    does not fit its schema is asked for once more; then the job fails, with a reason, and can be
    started again. A request takes at most four calls, and four run at a time.

    Conversations are sent to the server, and nothing of them is logged.

    Args:
        model: Name of the model, such as ``gpt-5-mini`` or ``llama3.2``.
        base_url: URL of the endpoint, with its version; OpenAI's own if omitted.
        api_key: Key; OPENAI_API_KEY of the environment if omitted. Other endpoints may need none.
        timeout: Seconds for one call, up to 3,600.
        max_calls: Calls in all, as a limit of costs; beyond, jobs fail with LTM_RATE_EXCEEDED. None
            for any number.

    Raises:
        InvalidInputError: An argument is invalid, or OpenAI's own endpoint has no key.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        max_calls: int | None = None,
    ) -> None:
        super().__init__(model, timeout=timeout, max_calls=max_calls)
        self._endpoint = Endpoint.of(base_url, api_key)

    def __repr__(self) -> str:
        return f"<OpenAIExtractor {self._model} at {self._endpoint.base_url}>"

    async def _ask(self, prompt: Prompt) -> str:
        schema = {"name": prompt.shape.name, "strict": True, "schema": prompt.shape.schema}
        answer = await self._endpoint.post(
            "chat/completions",
            {
                "model": self._model,
                "messages": [
                    {"role": "system", "content": prompt.instructions},
                    {"role": "user", "content": prompt.document},
                ],
                "response_format": {"type": "json_schema", "json_schema": schema},
            },
        )
        choice = next(iter(children(answer, "choices")), dict[str, Any]())
        message = child(choice, "message")
        if message.get("refusal") or choice.get("finish_reason") == "content_filter":
            raise ExtractorError("MODEL_ERROR", "the model refused to answer")
        content = message.get("content")
        return content if isinstance(content, str) else ""


class OpenAIEmbedder:
    """
    An embedder that asks a model by OpenAI's embeddings.

    Args:
        model: Name of the model, such as ``text-embedding-3-small`` or ``nomic-embed-text``.
        base_url: URL of the endpoint, with its version; OpenAI's own if omitted.
        api_key: Key; OPENAI_API_KEY of the environment if omitted. Other endpoints may need none.
        timeout: Seconds for one call, of up to 64 texts; up to 3,600.

    Raises:
        InvalidInputError: An argument is invalid, or OpenAI's own endpoint has no key.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        self._model = check_model(model)
        self._timeout_s = check_timeout(timeout)
        self._endpoint = Endpoint.of(base_url, api_key)

    def __repr__(self) -> str:
        return f"<OpenAIEmbedder {self._model} at {self._endpoint.base_url}>"

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model

    async def embed(self, texts: Sequence[str]) -> list[Any]:
        """
        Return a vector for each text.

        Raises:
            ExtractorError: The server can't be reached or answers with an error.
            TimeoutError: There was no answer in time.
        """
        with anyio.fail_after(self._timeout_s):
            answer = await self._endpoint.post(
                "embeddings", {"model": self._model, "input": list(texts)}
            )
        data = children(answer, "data")
        vectors = {
            item.get("index", place): item.get("embedding") for place, item in enumerate(data)
        }
        return [vectors[place] for place in sorted(vectors)]
