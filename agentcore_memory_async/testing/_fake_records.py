"""The fake's answers about records: those that a test put there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._wire.namespaces import is_under

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Body = dict[str, Any]

_SCORE = 0.9
"""Score of a record in a search, where a test gives none."""


class FakeRecords:
    """The records of a test; requests do not change them."""

    def __init__(self) -> None:
        self._records: list[Body] = []

    def add(self, records: Iterable[Body]) -> None:
        """Add *records* behind those that are there."""
        self._records += records

    def answer(self, operation: str, params: Mapping[str, Any]) -> Body | None:
        """Return the answer of an operation that reads records; None where there is none."""
        if operation == "ListMemoryRecords":
            return _page(self._asked_for(params), params)
        if operation == "RetrieveMemoryRecords":
            top_k = params["searchCriteria"].get("topK")
            found = self._asked_for(params)[:top_k]
            return _page([{"score": _SCORE} | each for each in found], params)
        if operation == "GetMemoryRecord":
            for each in self._records:
                if each["memoryRecordId"] == params["memoryRecordId"]:
                    return {"memoryRecord": each}
        return None

    def _asked_for(self, params: Mapping[str, Any]) -> list[Body]:
        """Return the records in the namespace of a request, or below its path."""
        if "namespace" in params:
            return [each for each in self._records if each["namespaces"] == [params["namespace"]]]
        path = params.get("namespacePath", "/")
        return [each for each in self._records if is_under(each["namespaces"][0], path)]


def _page(found: list[Body], params: Mapping[str, Any]) -> Body:
    """
    Return a page of *found*; its token is where the next one begins.

    A token of another kind is one of the test's own replies, behind which there is nothing.
    """
    token: str | None = params.get("nextToken")
    tokens = {f"record-{number}": number for number in range(len(found))}
    start = 0 if token is None else tokens.get(token, len(found))
    end = start + params.get("maxResults", len(found))
    more = {"nextToken": f"record-{end}"} if end < len(found) else {}
    return {"memoryRecordSummaries": found[start:end], **more}
