"""An embedder that runs a model in this process, by fastembed; needs the extra ``embeddings``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.local._models.extractor import check_model

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("FastEmbedEmbedder",)


class FastEmbedEmbedder:
    """
    An embedder that runs a model on this machine's processor, in a thread.

    The model is loaded when the first text is embedded. fastembed downloads it then, unless it is
    in its cache.

    Args:
        model: Name of a model that fastembed knows, such as ``BAAI/bge-small-en-v1.5``.
        **options: Further arguments of fastembed's ``TextEmbedding``, such as ``cache_dir``, or
            ``specific_model_path`` for the files of a model.

    Raises:
        InvalidInputError: fastembed is not installed, or *model* is empty.
    """

    def __init__(self, model: str = "BAAI/bge-small-en-v1.5", **options: Any) -> None:
        if find_spec("fastembed") is None:
            message = (
                "FastEmbedEmbedder needs fastembed: install agentcore-memory-async[embeddings]"
            )
            raise InvalidInputError(message)
        self._model = check_model(model)
        self._options = options
        self._lock = Lock()
        self._loaded: Any = None

    def __repr__(self) -> str:
        return f"<FastEmbedEmbedder {self._model}>"

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model

    def embed(self, texts: Sequence[str]) -> list[Any]:
        """Return a vector for each text; the first call loads the model."""
        with self._lock:  # two threads would load it twice
            if self._loaded is None:
                # Not by a statement: checkers of types take this module for that one.
                library: Any = import_module("fastembed")
                self._loaded = library.TextEmbedding(self._model, **self._options)
        return list(self._loaded.embed(list(texts)))  # it embeds while it is iterated over
