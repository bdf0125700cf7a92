"""
Batches of records: their requests, and what the answers say of each record: pure, no await.

A batch is sent in parts of at most 100 records. An answer names new records by the identifiers of
the request, and others by their ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID, uuid5

from attrs import evolve, field, frozen

from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.metadata import (
    check_record_metadata,
    encode_metadata_value,
)
from agentcore_memory_async._wire.namespaces import resolve_template
from agentcore_memory_async._wire.reading import Body, Wrong, list_of, read
from agentcore_memory_async.models import (
    MemoryRecord,
    MemoryRecordUpdate,
    NewMemoryRecord,
    RecordOutcome,
)

if TYPE_CHECKING:
    from agentcore_memory_async.models import MetadataValue

MAX_RECORDS = 100
"""Records of one request (service model)."""
MAX_CONTENT = 16_000
"""Characters of a record's text (service model)."""
LEAST_EXPIRY_DAYS = 31
"""Least number of days after which a record may expire (service model)."""
MOST_EXPIRY_DAYS = 2**31 - 1
"""Largest integer of the service model."""
NOT_NAMED = "the answer names it neither among the successful records nor among the failed ones"
"""What is said of a record that an answer leaves out."""
_NAMES_OF_PARTS = UUID("5f0c9d1e-6b0f-5c6e-9d0a-2f6a7b1f7c11")
"""Namespace of the UUIDs that stand for a batch and for its parts."""
_INVALID, _NOT_FOUND = 400, 404
"""Codes of a record that is invalid, and of one that does not exist."""

Values = Callable[[str | None], Mapping[str, str | None]]
"""Returns what namespace templates may name, for the id of a strategy."""


@frozen
class Part:
    """
    One request of a batch.

    Attributes:
        start: Place of its first record in the batch.
        params: Members of the request, without the memory's id.
        key_member: Member of the answer that names a record.
        keys: What it names them by, in the order of the records.
    """

    start: int
    params: Mapping[str, Any]
    key_member: Literal["memoryRecordId", "requestIdentifier"]
    keys: tuple[str, ...]

    def outcomes(self, **members: Any) -> list[RecordOutcome]:
        """Return the same outcome for each record."""
        return [self.outcome(place, **members) for place in range(len(self.keys))]

    def outcome(self, place: int, **members: Any) -> RecordOutcome:
        """Return the outcome of a record of the part."""
        key = self.keys[place]
        if self.key_member == "requestIdentifier":
            members["request_identifier"] = key
        else:
            members["memory_record_id"] = key
        return RecordOutcome(self.start + place, **members)


# Requests.


def new_parts(
    records: Sequence[object], values: Values, expiry_days: object, client_token: str
) -> list[Part]:
    """Return the requests that create *records*; the same call makes the same ones."""
    entries: list[dict[str, Any]] = []
    for place, each in enumerate(records):
        argument = f"records[{place}]"
        if not isinstance(each, NewMemoryRecord):
            check.refuse(f"{argument} is {check.kind(each)}; give a NewMemoryRecord")
        entries.append(_new_entry(argument, each, values))
    common = _expiry(expiry_days, may_be_removed=False)
    # The same token with other content makes other identifiers, so that what the service answers
    # about its first use acknowledges nothing.
    batch = uuid5(_NAMES_OF_PARTS, client_token + _digest([*entries, common]))
    for place, entry in enumerate(entries):
        entry.setdefault("requestIdentifier", f"{batch}-{place}")
    parts = _parts(entries, "requestIdentifier", common)
    tokens = [client_token]
    if len(parts) > 1:
        tokens = [str(uuid5(_NAMES_OF_PARTS, f"{client_token}/{part.start}")) for part in parts]
    return [
        evolve(part, params={**part.params, "clientToken": token})
        for part, token in zip(parts, tokens, strict=False)
    ]


def update_parts(records: Sequence[object], values: Values, expiry_days: object) -> list[Part]:
    """Return the requests that change records."""
    entries: list[dict[str, Any]] = []
    for place, each in enumerate(records):
        argument = f"records[{place}]"
        if not isinstance(each, MemoryRecordUpdate):
            check.refuse(f"{argument} is {check.kind(each)}; give a MemoryRecordUpdate")
        entries.append(_changed_entry(argument, each, values))
    return _parts(entries, "memoryRecordId", _expiry(expiry_days, may_be_removed=True))


def delete_parts(records: Sequence[object], namespace: str | None) -> list[Part]:
    """Return the requests that delete records, given by their ids or whole."""
    entries: list[dict[str, Any]] = []
    for place, each in enumerate(records):
        argument = f"records[{place}]"
        where = namespace
        if isinstance(each, MemoryRecord):
            record_id, where = each.memory_record_id, namespace or each.namespace
        elif isinstance(each, str):
            record_id = each
        else:
            check.refuse(f"{argument} is {check.kind(each)}; give a record id or a MemoryRecord")
        entry = {"memoryRecordId": check.check_memory_record_id(argument, record_id)}
        entries.append({**entry, "namespace": where} if where else entry)
    return _parts(entries, "memoryRecordId", {})


def list_records(records: object) -> list[object]:
    """Return the records of a batch as a list, each still to be checked."""
    what = check.kind(records)
    if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
        check.refuse(f"records is {what}; give a list of them")
    return list(cast("Iterable[object]", records))


def _digest(parts: Iterable[object]) -> str:
    """Return a digest of what is asked for, in its order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(json.dumps(part, sort_keys=True).encode())
    return digest.hexdigest()


def _new_entry(argument: str, given: NewMemoryRecord, values: Values) -> dict[str, Any]:
    strategy, members = _common_members(argument, given)
    identifier = given.request_identifier
    named = f"{argument}.request_identifier"
    return {
        **(
            {}
            if identifier is None
            else {"requestIdentifier": check.check_request_identifier(named, identifier)}
        ),
        "namespaces": [_namespace(f"{argument}.namespace", given.namespace, values, strategy)],
        "content": {"text": _content(argument, given.content)},
        **members,
    }


def _changed_entry(argument: str, given: MemoryRecordUpdate, values: Values) -> dict[str, Any]:
    record_id = check.check_memory_record_id(f"{argument}.memory_record_id", given.memory_record_id)
    strategy, members = _common_members(argument, given)
    entry: dict[str, Any] = {"memoryRecordId": record_id}
    if given.content is not None:
        entry["content"] = {"text": _content(argument, given.content)}
    for name, member in (("namespace", "namespaces"), ("source_namespace", "sourceNamespaces")):
        template = getattr(given, name)
        if template is not None:
            entry[member] = [_namespace(f"{argument}.{name}", template, values, strategy)]
    return {**entry, **members}


def _common_members(
    argument: str, given: NewMemoryRecord | MemoryRecordUpdate
) -> tuple[str | None, dict[str, Any]]:
    """Return the id of the strategy, and the members that both kinds of entries may have."""
    stamp_ms = check.check_timestamp(given.timestamp, f"{argument}.timestamp")
    members: dict[str, Any] = {"timestamp": stamp_ms / 1000}
    strategy = given.memory_strategy_id
    if strategy is not None:
        strategy = members["memoryStrategyId"] = check.check_memory_strategy_id(
            strategy, f"{argument}.memory_strategy_id"
        )
    metadata: dict[str, MetadataValue] = check_record_metadata(
        f"{argument}.metadata", given.metadata
    )
    if metadata:
        encoded = {key: encode_metadata_value(value) for key, value in metadata.items()}
        members["metadata"] = encoded
    return strategy, members


def _namespace(argument: str, template: str, values: Values, strategy: str | None) -> str:
    return resolve_template(template, values(strategy), argument=argument)


def _content(argument: str, text: object) -> str:
    check.check_text(f"{argument}.content", text)
    plain = check.plain(cast("str", text))
    if len(plain) > MAX_CONTENT:
        check.refuse(
            f"{argument}.content has {len(plain):,} characters; give {MAX_CONTENT:,} at most, and "
            "split longer text"
        )
    return plain


def _expiry(days: object, *, may_be_removed: bool) -> dict[str, Any]:
    """Return the member that says when the records expire; none where that is left as it is."""
    if days is None:
        return {}
    if may_be_removed and days == "REMOVE":
        return {"recordExpirySpecification": {"action": "REMOVE"}}
    other = ", or 'REMOVE'" if may_be_removed else ""
    count = check.check_int(
        "expiry_days", days, MOST_EXPIRY_DAYS, least=LEAST_EXPIRY_DAYS, other=other
    )
    return {"recordExpirySpecification": {"recordExpiryDurationDays": count}}


def _parts(
    entries: Sequence[dict[str, Any]],
    key_member: Literal["memoryRecordId", "requestIdentifier"],
    common: Mapping[str, Any],
) -> list[Part]:
    """Split a batch into requests."""
    keys = [str(entry[key_member]) for entry in entries]
    seen: dict[str, int] = {}
    for place, key in enumerate(keys):
        if key in seen:
            check.refuse(
                f"records[{place}] has the same {_NAMES[key_member]} as records[{seen[key]}]; "
                "give each one once"
            )
        seen[key] = place
    return [
        Part(
            start,
            {"records": entries[start : start + MAX_RECORDS], **common},
            key_member,
            tuple(keys[start : start + MAX_RECORDS]),
        )
        for start in range(0, len(entries), MAX_RECORDS)
    ]


_NAMES = {"memoryRecordId": "memory_record_id", "requestIdentifier": "request_identifier"}
"""Our names of what records are named by."""


# Answers.


def read_outcomes(operation: str, part: Part, body: Body) -> list[RecordOutcome]:
    """Return what an answer says of each record of *part*, in their order."""
    return read(operation, body, "records", lambda raw: _read_outcomes(part, raw))


def _read_outcomes(part: Part, body: Body) -> list[RecordOutcome]:
    entries = [
        _Entry.of(item, part.key_member, is_success=is_success)
        for member, is_success in (("successfulRecords", True), ("failedRecords", False))
        for item in list_of(body, member) or []
    ]
    if body.get("successfulRecords") is None and body.get("failedRecords") is None:
        message = "its successfulRecords and failedRecords are missing"
        raise Wrong(message)
    named = {entry.key: entry for entry in entries if entry.key}  # of two, that of a failure
    unnamed = [entry for entry in entries if not entry.key]
    left = [key for key in part.keys if key not in named]
    if len(unnamed) == len(left) and len({entry.is_success for entry in unnamed}) == 1:
        # All that are left ended in the same way; more than that is certain of a lone one only.
        alike = unnamed[0] if len(left) == 1 else _Entry("", unnamed[0].is_success)
        named.update(dict.fromkeys(left, alike))
    return [_read_outcome(part, place, named.get(key)) for place, key in enumerate(part.keys)]


@frozen
class _Entry:
    """What an answer says of one record; a member that cannot be read says nothing."""

    key: str
    is_success: bool
    record_id: str = ""
    code: int | None = None
    message: str = field(default="", repr=False)

    @classmethod
    def of(cls, item: object, key_member: str, *, is_success: bool) -> _Entry:
        body: Body = cast("Body", item) if isinstance(item, Mapping) else {}
        code = body.get("errorCode")
        return cls(
            _text(body, key_member),
            is_success and body.get("status") != "FAILED",
            _text(body, "memoryRecordId"),
            code if isinstance(code, int) and not isinstance(code, bool) else None,
            _text(body, "errorMessage"),
        )


def _text(body: Body, member: str) -> str:
    value = body.get(member)
    return value if isinstance(value, str) else ""


def _read_outcome(part: Part, place: int, entry: _Entry | None) -> RecordOutcome:
    if entry is None:
        return part.outcome(place, status="UNKNOWN", message=NOT_NAMED)
    if entry.is_success:
        return part.outcome(place, status="SUCCEEDED", memory_record_id=entry.record_id)
    return part.outcome(place, status="FAILED", code=entry.code, message=entry.message)


def settle_update(outcome: RecordOutcome) -> RecordOutcome:
    """Return what became of a record that an earlier request may have changed."""
    is_settled = outcome.status != "FAILED" or outcome.code == _INVALID
    return outcome if is_settled else evolve(outcome, status="UNKNOWN")


def settle_deletion(outcome: RecordOutcome) -> RecordOutcome:
    """Return what became of a record that an earlier request may have deleted; the code stays."""
    if outcome.code == _NOT_FOUND:
        return evolve(outcome, status="SUCCEEDED")
    return settle_update(outcome)
