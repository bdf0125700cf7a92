"""
Conversations and records as lines of JSON: pure.

A line is what ``to_dict()`` returns, but that it can be read again: data says whether it is JSON or
a blob, and a time in the metadata of a record is told from a text.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NoReturn, cast

from agentcore_memory_async._mistakes import InvalidInputError
from agentcore_memory_async._models.messages import (
    BlobPayload,
    ConversationalMessage,
    JsonPayload,
    check_role,
)
from agentcore_memory_async._models.records import MetadataValue
from agentcore_memory_async._models.transfer import (
    Conversation,
    HistoryEvent,
    HistoryMessage,
    HistoryRecord,
)

_Item = ConversationalMessage | JsonPayload | BlobPayload
_REQUIRED = object()
"""Stands for a member without a default."""


def history_to_json(item: Conversation | HistoryRecord) -> str:
    """
    Return a conversation or a record as one line of JSON, for a file.

    Args:
        item: What ``export()`` yields.

    Returns:
        The line, without its end; ``history_from_json`` reads it.
    """
    data = item.to_dict()
    if isinstance(item, HistoryRecord):
        for key, value in item.metadata.items():
            if isinstance(value, datetime):
                data["metadata"][key] = {"time": value.isoformat()}
    else:
        for message, members in zip(item.messages, data["messages"], strict=True):
            if isinstance(message, HistoryEvent):
                members["items"] = [_item_data(each) for each in message.items]
    return json.dumps(data)


def _item_data(item: _Item) -> dict[str, Any]:
    data = item.to_dict()
    if isinstance(item, ConversationalMessage):
        return data
    return {"json" if isinstance(item, JsonPayload) else "blob": data["content"]}


def history_from_json(line: str | bytes) -> Conversation | HistoryRecord:
    """
    Return the conversation or record of one line of JSON.

    Args:
        line: What ``history_to_json`` returned.

    Raises:
        InvalidInputError: The line is something else. The error names the member, and shows no
            content.
    """
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError):
        _refuse("the line is not JSON; give one object a line, as history_to_json returns it")
    reader = _Reader("", data)
    if "messages" in reader.data:
        item: Conversation | HistoryRecord = _read_conversation(reader)
    elif "namespace" in reader.data:
        item = _read_record(reader)
    else:
        _refuse("the line has neither messages nor a namespace; give a conversation or a record")
    return item


def _read_conversation(reader: _Reader) -> Conversation:
    messages = [_read_message(each) for each in reader.objects("messages")]
    conversation = Conversation(reader.text("actor_id"), reader.text("session_id"), messages)
    reader.end()
    return conversation


def _read_message(reader: _Reader) -> HistoryMessage | HistoryEvent:
    if "items" in reader.data:
        metadata = reader.member("metadata", dict, {})
        if not all(isinstance(value, str) for value in metadata.values()):
            _refuse(f"{reader.name}metadata has a value that is no text")
        message: HistoryMessage | HistoryEvent = HistoryEvent(
            [_read_item(each) for each in reader.objects("items")],
            reader.time("timestamp"),
            metadata,
            reader.member("branch", str, None),
            reader.member("root", int, None),
        )
    else:
        message = _read_said(reader, HistoryMessage, reader.time("timestamp"))
    reader.end()
    return message


def _read_item(reader: _Reader) -> _Item:
    if "json" in reader.data:
        item: _Item = JsonPayload(reader.member("json", object))
    elif "blob" in reader.data:
        item = BlobPayload(reader.member("blob", object))
    else:
        item = _read_said(reader, ConversationalMessage)
    reader.end()
    return item


def _read_said(reader: _Reader, kind: Any, *more: Any) -> Any:
    text, role = reader.text("text"), check_role(reader.text("role"), f"{reader.name}role")
    return kind(text, role, *more)


def _read_record(reader: _Reader) -> HistoryRecord:
    metadata = reader.member("metadata", dict, {})
    has_expiry = reader.member("expires_at", str, None) is not None
    record = HistoryRecord(
        reader.text("namespace"),
        reader.text("content"),
        reader.time("timestamp"),
        {key: _read_value(value) for key, value in metadata.items()},
        reader.time("expires_at") if has_expiry else None,
    )
    reader.end()
    return record


def _read_value(value: object) -> MetadataValue:
    if isinstance(value, dict):
        return _Reader("metadata.", cast("object", value)).time("time")
    if isinstance(value, list):
        texts = cast("list[str]", value)
        if all(isinstance(each, str) for each in cast("list[object]", value)):
            return tuple(texts)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse("metadata has a value that is neither text, texts, a number nor a time")
    return value


class _Reader:
    """
    Takes the members of an object of a line, and refuses those of another type.

    Args:
        name: What stands before the names of its members in errors.
        data: The object.
    """

    def __init__(self, name: str, data: object) -> None:
        if not isinstance(data, dict):
            _refuse(f"{name.removesuffix('.') or 'the line'} is no JSON object")
        self.name = name
        self.data = cast("dict[str, Any]", data)
        self.taken = set[str]()

    def member(self, name: str, kind: type, default: object = _REQUIRED) -> Any:
        """Return a member of a type; null counts as missing where there is a default."""
        self.taken.add(name)
        value = self.data.get(name, default)
        if value is _REQUIRED:
            _refuse(f"{self.name}{name} is missing")
        if value is None and default is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            _refuse(f"{self.name}{name} is {type(value).__name__}; give {kind.__name__}")
        return value

    def text(self, name: str) -> str:
        """Return a member that is text."""
        text: str = self.member(name, str)
        return text

    def time(self, name: str) -> datetime:
        """Return a member that is a time."""
        text = self.text(name)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            _refuse(f"{self.name}{name} is no time; give one as 2026-01-31T12:00:00+00:00")

    def objects(self, name: str) -> list[_Reader]:
        """Return a member that is a list of objects."""
        return [
            _Reader(f"{self.name}{name}[{place}].", each)
            for place, each in enumerate(self.member(name, list))
        ]

    def end(self) -> None:
        """Refuse members that were not taken."""
        if unknown := self.data.keys() - self.taken:
            owner = self.name.removesuffix(".") or "the line"
            known = ", ".join(sorted(self.taken))
            _refuse(f"{owner} has {len(unknown)} unknown members; it may have {known}")


def _refuse(message: str) -> NoReturn:
    raise InvalidInputError(message)
