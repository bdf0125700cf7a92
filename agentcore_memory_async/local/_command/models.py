"""The arguments of the command that choose a model or an embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.local.bedrock import BedrockExtractor
from agentcore_memory_async.local.fastembed import FastEmbedEmbedder
from agentcore_memory_async.local.openai import OpenAIEmbedder, OpenAIExtractor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local.embedder import Embedder
    from agentcore_memory_async.local.extractor import Extractor


T = TypeVar("T")

_EXTRACTORS: Mapping[str, Callable[[str, str | None], Extractor]] = {
    "openai": lambda model, url: OpenAIExtractor(model, base_url=url),
    "bedrock": lambda model, url: BedrockExtractor(model, endpoint_url=url),
}
"""Extractors by the part before the colon: functions of the model and the base URL."""
_EMBEDDERS: Mapping[str, Callable[[str, str | None], Embedder]] = {
    "fastembed": lambda model, _: FastEmbedEmbedder(model),
    "openai": lambda model, url: OpenAIEmbedder(model, base_url=url),
}
"""Embedders, likewise."""


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the command's."""
    parser.add_argument(
        "--extractor",
        metavar="openai:MODEL",
        help="let a model extract records, openai:MODEL or bedrock:MODEL; by phrases if omitted",
    )
    parser.add_argument(
        "--embedder",
        metavar="fastembed:MODEL",
        help="let searches compare meanings, too, by fastembed:MODEL or openai:MODEL",
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        help="endpoint of these models, such as http://127.0.0.1:11434/v1 for Ollama",
    )


def models_of(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace
) -> tuple[Extractor | None, Embedder | None]:
    """Return the extractor and the embedder that the arguments choose; exit if one is invalid."""
    if arguments.base_url and not (arguments.extractor or arguments.embedder):
        parser.error(
            "--base-url needs --extractor or --embedder: it is the endpoint of their model"
        )
    try:
        return (
            _made("--extractor", _EXTRACTORS, arguments.extractor, arguments.base_url),
            _made("--embedder", _EMBEDDERS, arguments.embedder, arguments.base_url),
        )
    except InvalidInputError as error:
        parser.error(str(error))


def _made(
    option: str,
    makers: Mapping[str, Callable[[str, str | None], T]],
    chosen: str | None,
    base_url: str | None,
) -> T | None:
    if chosen is None:
        return None
    kind, _, model = chosen.partition(":")
    if kind not in makers or not model:
        forms = " or ".join(f"{name}:MODEL" for name in makers)
        raise InvalidInputError(f"{option} is {chosen!r}; give {forms}")
    return makers[kind](model, base_url)
