"""Models on Amazon Bedrock, by Converse over aiobotocore."""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async.local._api.members import as_object, child, children
from agentcore_memory_async.local._models.extractor import DEFAULT_TIMEOUT_S, ModelExtractor
from agentcore_memory_async.local.extractor_errors import ExtractorError, reason_of

if TYPE_CHECKING:
    from agentcore_memory_async.local._models.prompts import Prompt

__all__ = ("BedrockExtractor",)

_SERVICE = "bedrock-runtime"
"""Name by which botocore knows the service."""
_STOPPED = frozenset({"content_filtered", "guardrail_intervened"})
"""Reasons to stop of an answer that the model's owner does not let through."""
_BY_CLASS = {
    "ConnectTimeoutError": "SERVICE_UNAVAILABLE",
    "ConnectionClosedError": "SERVICE_UNAVAILABLE",
    "EndpointConnectionError": "SERVICE_UNAVAILABLE",
    "NoCredentialsError": "ACCESS_DENIED",
    "NoRegionError": "VALIDATION_EXCEPTION",
    "ParamValidationError": "VALIDATION_EXCEPTION",
    "PartialCredentialsError": "ACCESS_DENIED",
    "ReadTimeoutError": "MODEL_TIMEOUT",
    "TokenRetrievalError": "ACCESS_DENIED",
}
"""Reasons of failed jobs by the class of an error of botocore's that carries no code."""


class BedrockExtractor(ModelExtractor):
    """
    An extractor that asks a model on Amazon Bedrock, by Converse.

    It does what `OpenAIExtractor` does. The model has to support tools with a forced choice, by
    which it answers in JSON of a schema, as Anthropic's and Amazon's do. The credentials are those
    of the AWS session, and need ``bedrock:InvokeModel`` for the model. botocore's own debug logs
    have the conversations; `BotocoreLogFilter` takes them out.

    Args:
        model: Id of the model or of an inference profile.
        region_name: Region; the session's if omitted, else AWS_REGION.
        endpoint_url: Endpoint of the Bedrock runtime; that of the region if omitted.
        aws_session: An ``aioboto3.Session`` or aiobotocore session; a new one if omitted, with the
            credentials that AWS SDKs find.
        timeout: Seconds for one call, up to 3,600.
        max_calls: Calls in all, as a limit of costs; beyond, jobs fail with LTM_RATE_EXCEEDED. None
            for any number.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(
        self,
        model: str,
        *,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        aws_session: Any = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        max_calls: int | None = None,
    ) -> None:
        super().__init__(model, timeout=timeout, max_calls=max_calls)
        self._region = region_name
        self._endpoint_url = endpoint_url
        self._session = aws_session
        self._is_ready = False

    def __repr__(self) -> str:
        return f"<BedrockExtractor {self._model}>"

    async def _ask(self, prompt: Prompt) -> str:
        shape = prompt.shape
        tool = {
            "name": shape.name,
            "description": "Takes the answer.",
            "inputSchema": {"json": shape.schema},
        }
        try:
            if not self._is_ready:
                self._session = await run_in_thread(_ready_session, self._session)
                self._is_ready = True
            session = self._session
            # botocore itself does not read AWS_REGION, which other SDKs do.
            region = self._region or session.get_config_variable("region")
            client = session.create_client(
                _SERVICE,
                region_name=region or os.environ.get("AWS_REGION"),
                endpoint_url=self._endpoint_url,
                config=_config(self._timeout_s),
            )
            async with client as runtime:
                answer = await runtime.converse(
                    modelId=self._model,
                    system=[{"text": prompt.instructions}],
                    messages=[{"role": "user", "content": [{"text": prompt.document}]}],
                    toolConfig={
                        "tools": [{"toolSpec": tool}],
                        "toolChoice": {"tool": {"name": shape.name}},
                    },
                )
        except Exception as error:  # noqa: BLE001 - botocore's errors may repeat what was sent
            raise _failure(error) from None
        return _text_of(answer)


def _ready_session(given: Any) -> Any:
    """Return the session to use, with what making a client reads; this blocks."""
    from aiobotocore.session import AioSession

    session = AioSession() if given is None else getattr(given, "_session", given)
    loader = session.get_component("data_loader")
    for name in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model(_SERVICE, name)
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data(name)
    session.get_scoped_config()
    session.get_component("credential_provider")
    return session


def _config(timeout_s: float) -> Any:
    """Return a config without retries, whose own timeout comes after the extractor's."""
    from aiobotocore.config import AioConfig

    return AioConfig(read_timeout=timeout_s + 1, retries={"total_max_attempts": 1})


def _failure(error: Exception) -> ExtractorError:
    """Return the error of a job for one of botocore's, without its text."""
    name = type(error).__name__
    reason = _BY_CLASS.get(name) or reason_of(error)
    return ExtractorError(reason, f"the call of the model on Bedrock failed: {name}")


def _text_of(answer: Any) -> str:
    """
    Return the tool's input as JSON, or the text of an answer that does not use it.

    Raises:
        ExtractorError: The answer was stopped.
    """
    answer = as_object(answer)
    if answer.get("stopReason") in _STOPPED:
        raise ExtractorError("MODEL_ERROR", "the model's answer was stopped by a filter")
    blocks = children(child(child(answer, "output"), "message"), "content")
    for block in blocks:
        if "toolUse" in block:
            return json.dumps(child(block, "toolUse").get("input"))
    return "\n".join(block["text"] for block in blocks if isinstance(block.get("text"), str))
