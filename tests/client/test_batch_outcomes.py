"""What became of each record of a batch: every answer is told, and no error hides another."""

from __future__ import annotations

import pickle
import re
from copy import deepcopy
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    BatchError,
    ClientTokenInUseError,
    DecodeError,
    OutcomeUnknownError,
    TransportError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.batches import (
    BATCHES,
    CANARY,
    CREATE,
    DELETE,
    ONCE,
    UPDATE,
    change,
    lost,
    new,
    record_id,
)
from tests.client.doubles import MEMORY, SlowService, manager_on
from tests.client.model_answers import answer, members_of, without

if TYPE_CHECKING:
    from collections.abc import Mapping


# Failures.


def partly(params: Mapping[str, Any]) -> dict[str, Any]:
    """Answer that the second record failed, and leave out the third."""
    key = "requestIdentifier" if "requestIdentifier" in params["records"][0] else "memoryRecordId"
    first, second, _ = (record[key] for record in params["records"])
    failed = {"status": "FAILED", "errorCode": 400, "errorMessage": f"{CANARY}: too odd"}
    ids = {"memoryRecordId": record_id(7)}
    return {
        "successfulRecords": [{**ids, key: first, "status": "SUCCEEDED"}],
        "failedRecords": [{**ids, key: second, **failed}],
    }


@pytest.mark.parametrize("operation", BATCHES)
@virtual_time
async def test_each_record_succeeds_or_fails_by_itself(operation: str) -> None:
    """A failure has the service's code and reason; of a record without a name nobody knows."""
    transport = FakeTransport()
    transport.reply(operation, partly, partly)
    async with manager_on(transport) as manager:
        result = await BATCHES[operation](manager, 3)
        assert not result
        assert ["SUCCEEDED", "FAILED", "UNKNOWN"] == [outcome.status for outcome in result]
        [refused], [unnamed] = result.failed, result.unknown
        assert (1, 400, f"{CANARY}: too odd") == (refused.index, refused.code, refused.message)
        assert (2, None) == (unnamed.index, unnamed.code)
        assert "names it neither" in unnamed.message
        with pytest.raises(BatchError) as caught:
            await BATCHES[operation](manager, 3, raise_on_failure=True)
    error = caught.value
    assert (operation, [1]) == (error.operation, [each.index for each in error.result.failed])
    assert f"{operation}: of 3 record(s), 1 failed (400: 1), and 1 may or may not" in str(error)
    shown = f"{error} {error!r} {result!r} {new()!r} {change(1, content=CANARY)!r}"
    assert CANARY not in shown
    assert error.result == pickle.loads(pickle.dumps(error)).result


@virtual_time
async def test_ids_are_those_of_the_answer() -> None:
    """A created record has its new id and its identifier; a failed one has no id."""
    transport = FakeTransport()
    transport.reply(CREATE, partly)
    async with manager_on(transport) as manager:
        result = await manager.batch_create_memory_records(
            [new(number, request_identifier=f"row-{number}") for number in range(3)]
        )
    assert [(record_id(7), "row-0"), ("", "row-1"), ("", "row-2")] == [
        (outcome.memory_record_id, outcome.request_identifier) for outcome in result
    ]


@pytest.mark.parametrize("operation", BATCHES)
@pytest.mark.parametrize("null", [False, True], ids=["out", "null"])
@virtual_time
async def test_members_of_an_answer_may_be_missing(operation: str, null: bool) -> None:
    """No missing member hides another record, and a lone record needs no name."""
    for path, _ in members_of(operation):
        transport = FakeTransport()

        def reply(params: Mapping[str, Any], path: Any = path) -> dict[str, Any]:
            body = answer(operation)
            names = {
                name: params["records"][0].get(name)
                for name in ("memoryRecordId", "requestIdentifier")
            }
            for item in body["successfulRecords"]:
                item.update({name: text for name, text in names.items() if text})
            body["failedRecords"] = []
            if path[0] == "failedRecords":
                return without(body, path[:1], null=null)
            return without(body, path, null=null)

        transport.reply(operation, reply)
        async with manager_on(transport) as manager:
            [outcome] = await BATCHES[operation](manager, 1)
        expected = "UNKNOWN" if path == ("successfulRecords",) else "SUCCEEDED"
        assert expected == outcome.status, path


@pytest.mark.parametrize(
    "body",
    [{}, {"successfulRecords": None}, {"successfulRecords": 5, "failedRecords": []}],
    ids=str,
)
@virtual_time
async def test_an_answer_without_lists_is_unreadable(body: dict[str, Any]) -> None:
    """An answer that tells of no record acknowledges none, and is asked for again."""
    transport = FakeTransport()
    transport.reply(DELETE, body, body)
    async with manager_on(transport) as manager:
        with pytest.raises(OutcomeUnknownError) as caught:
            await BATCHES[DELETE](manager.with_options(retry=ONCE), 2)
        assert await BATCHES[DELETE](manager, 2)
    assert isinstance(caught.value.__cause__, DecodeError)
    assert 3 == len(transport.sent(DELETE))


@virtual_time
async def test_items_that_cannot_be_read_hide_no_other() -> None:
    """Items of other types tell nothing; entries without a name are told where that is certain."""
    done = {"status": "SUCCEEDED"}
    ids = [{"memoryRecordId": record_id(number)} for number in range(3)]
    answers: list[tuple[list[Any], list[Any], list[str]]] = [
        ([ids[0], 5, None], [ids[2]], ["SUCCEEDED", "UNKNOWN", "FAILED"]),
        ([done, {**done, "memoryRecordId": 5}, done], [], ["SUCCEEDED"] * 3),
        ([done, ids[1]], [{}], ["UNKNOWN", "SUCCEEDED", "UNKNOWN"]),
        (
            [{**ids[0], "status": "FAILED"}, ids[1], ids[2]],
            [ids[2]],
            ["FAILED", "SUCCEEDED", "FAILED"],
        ),
    ]
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        for succeeded, failed, expected in answers:
            transport.reply(DELETE, {"successfulRecords": succeeded, "failedRecords": failed})
            assert expected == [each.status for each in await BATCHES[DELETE](manager, 3)]


@pytest.mark.parametrize("operation", BATCHES)
@virtual_time
async def test_an_answer_to_another_batch_is_asked_for_again(operation: str) -> None:
    """Outcomes of other records acknowledge nothing."""
    key = "requestIdentifier" if operation == CREATE else "memoryRecordId"
    theirs = {key: "row-1", "memoryRecordId": record_id(99), "status": "SUCCEEDED"}
    if operation != CREATE:
        theirs[key] = record_id(99)
    transport = FakeTransport()
    transport.reply(operation, {"successfulRecords": [theirs], "failedRecords": []})
    async with manager_on(transport) as manager:
        assert await BATCHES[operation](manager, 2)
    first, second = transport.sent(operation)
    assert first == second


@pytest.mark.parametrize("operation", BATCHES)
@virtual_time
async def test_what_has_no_name_is_told_of_a_lone_record_only(operation: str) -> None:
    """The id, code and reason of an entry without a name are nobody's where two may be meant."""
    entry = {"memoryRecordId": record_id(7)} if operation == CREATE else {}
    failed = {**entry, "status": "FAILED", "errorCode": 404, "errorMessage": "no such record"}
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        for count in (1, 2):
            transport.reply(operation, {"successfulRecords": [entry] * count})
            succeeded = (await BATCHES[operation](manager, count)).outcomes
            transport.reply(operation, {"failedRecords": [failed] * count})
            refused = (await BATCHES[operation](manager, count)).outcomes
            assert {"SUCCEEDED"} == {each.status for each in succeeded}
            assert {"FAILED"} == {each.status for each in refused}
            assert {404 if count == 1 else None} == {each.code for each in refused}
            assert {count == 1} == {bool(each.message) for each in refused}
            if operation == CREATE:
                assert {count == 1} == {bool(each.memory_record_id) for each in succeeded}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (CREATE, ["FAILED", "FAILED", "FAILED", "FAILED", "SUCCEEDED", "UNKNOWN"]),
        (UPDATE, ["FAILED", "UNKNOWN", "UNKNOWN", "UNKNOWN", "SUCCEEDED", "UNKNOWN"]),
        (DELETE, ["FAILED", "UNKNOWN", "SUCCEEDED", "UNKNOWN", "SUCCEEDED", "UNKNOWN"]),
    ],
)
@virtual_time
async def test_what_failures_tell_after_a_lost_answer(operation: str, expected: list[str]) -> None:
    """A failure that the lost request may have caused tells nothing; before, each is a failure."""

    def body(params: Mapping[str, Any]) -> dict[str, Any]:
        key = "requestIdentifier" if operation == CREATE else "memoryRecordId"
        keys = [record[key] for record in params["records"]]
        failed = [
            {key: name, "status": "FAILED", "errorCode": code, "errorMessage": "made by a test"}
            for name, code in zip(keys, (400, 403, 404, None), strict=False)
        ]
        return {"successfulRecords": [{key: keys[4]}], "failedRecords": failed}

    transport = FakeTransport()
    transport.reply(operation, body, lost(operation), body)
    async with manager_on(transport) as manager:
        first = await BATCHES[operation](manager, 6)
        second = await BATCHES[operation](manager, 6)
    assert [*["FAILED"] * 4, "SUCCEEDED", "UNKNOWN"] == [each.status for each in first]
    assert expected == [each.status for each in second]
    assert [400, 403, 404, None, None, None] == [each.code for each in second]


@virtual_time
async def test_a_token_of_another_batch_acknowledges_nothing() -> None:
    """What the service answers about the first use of a token is no answer to other content."""
    stored: dict[str, Any] = {}

    def dedupe(params: Mapping[str, Any]) -> dict[str, Any]:
        done = [
            {"requestIdentifier": record["requestIdentifier"], "memoryRecordId": record_id(place)}
            for place, record in enumerate(params["records"])
        ]
        answered = {"successfulRecords": done, "failedRecords": []}
        return dict(stored.setdefault(params["clientToken"], answered))

    transport = FakeTransport()
    transport.reply(CREATE, *[dedupe] * 40)
    async with manager_on(transport) as manager:
        for count in (2, 150):
            token = f"token-{count}"
            one = await manager.batch_create_memory_records(
                [new(number) for number in range(count)], client_token=token
            )
            assert one
            assert one == await BATCHES[CREATE](manager, count, client_token=token)
            for records, days in (
                ([new(number + 1) for number in range(count)], None),
                ([new(number) for number in range(count - 1)], None),
                ([new(number) for number in range(count)], 31),
            ):
                with pytest.raises(ClientTokenInUseError, match=token) as caught:
                    await manager.batch_create_memory_records(
                        records, client_token=token, expiry_days=days
                    )
                assert token == caught.value.client_token


async def test_a_token_of_another_batch_at_the_local_service() -> None:
    """Over its HTTP: other content under a used token is refused here, and creates nothing."""
    async with LocalMemoryService(strict=False) as service, service.manager(MEMORY) as manager:
        await manager.batch_create_memory_records([new(0), new(1)], client_token="token-1")
        with pytest.raises(ClientTokenInUseError):
            await manager.batch_create_memory_records([new(0), new(2)], client_token="token-1")
        assert 2 == len(await manager.list_long_term_memory_records("/facts/"))


# Requests without an answer.


DENIED = service_error(CREATE, "AccessDeniedException", "made by a test", 403)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (lost(CREATE), "UNKNOWN", None),
        (DENIED, "FAILED", 403),
        (TransportError(CREATE, "refused", sent=False), "FAILED", None),
        ({"other": 1}, "UNKNOWN", None),
    ],
    ids=["lost", "denied", "unsent", "another shape"],
)
@virtual_time
async def test_a_request_that_fails_hides_no_other(
    error: Any, status: str, code: int | None
) -> None:
    """What other requests did is told, and of each record of the failed one what is known."""
    transport = FakeTransport()
    transport.reply(CREATE, error)
    async with manager_on(transport) as manager:
        view = manager.with_options(retry=ONCE)
        result = await BATCHES[CREATE](view, 150)
        assert [status] * 100 + ["SUCCEEDED"] * 50 == [each.status for each in result]
        assert (code, True) == (result.outcomes[0].code, bool(result.outcomes[0].message))
        assert 100 == len(result.unknown) + len(result.failed)
        transport.reply(CREATE, error)
        with pytest.raises(BatchError) as caught:
            await BATCHES[CREATE](view, 150, raise_on_failure=True, client_token="token-1")
        assert caught.value.__cause__ is not None
        assert 50 == len(caught.value.result.succeeded)
        assert "token-1" == caught.value.result.client_token


@pytest.mark.parametrize("operation", BATCHES)
@pytest.mark.parametrize("count", [1, 250])
@virtual_time
async def test_without_any_answer_the_error_is_raised(operation: str, count: int) -> None:
    """An error of all requests is raised as it is; one that may have been done comes first."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        view = manager.with_options(retry=ONCE)
        transport.fail(operation, "AccessDeniedException", status=403, times=(count + 99) // 100)
        with pytest.raises(AccessDeniedError):
            await BATCHES[operation](view, count)
        options = {"client_token": "token-1"} if operation == CREATE else {}
        if count > 100:
            transport.fail(operation, "AccessDeniedException", status=403)
        transport.reply(operation, *[lost(operation)] * 2)
        with pytest.raises(OutcomeUnknownError) as caught:
            await BATCHES[operation](view, count, **options)
        transport._replies.clear()
    error = caught.value
    assert options.get("client_token") == error.client_token
    assert min(count, 150) == len(error.request["records"])
    assert options.get("client_token") == error.request.get("clientToken")
    assert "does nothing twice" in str(error)


ENDS: dict[str, tuple[Any, bool]] = {
    "not sent": (TransportError(CREATE, "refused", sent=False), False),
    "refused": (DENIED, False),
    "throttled": (service_error(CREATE, "ThrottledException", "made by a test", 429), False),
    "lost": (lost(CREATE), True),
    "wrong shape": ({"other": 1}, True),
    "a bug": (RuntimeError("CANARY"), True),
}
"""How requests end, and whether they may have been done."""


@pytest.mark.parametrize("operation", BATCHES)
@pytest.mark.parametrize("pair", [*combinations_with_replacement(ENDS, 2)], ids=" and ".join)
@virtual_time
async def test_what_may_have_been_done_is_never_told_as_refused(
    operation: str, pair: tuple[str, str]
) -> None:
    """If any request of a batch may have been done, the error of the whole batch says so."""
    transport = FakeTransport()
    for end in pair:
        transport.reply(operation, deepcopy(ENDS[end][0]))
    options = {"client_token": "token-1"} if operation == CREATE else {}
    async with manager_on(transport) as manager:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - its class is what is tested
            await BATCHES[operation](manager.with_options(retry=ONCE), 150, **options)
    assert any(ENDS[end][1] for end in pair) == isinstance(caught.value, OutcomeUnknownError)
    if isinstance(caught.value, OutcomeUnknownError):
        assert options.get("client_token") == caught.value.client_token


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (lost(CREATE), "connection lost"),
        ({"other": 1}, "are missing"),
        (RuntimeError("CANARY"), "RuntimeError"),
    ],
    ids=["lost", "wrong shape", "a bug"],
)
@virtual_time
async def test_an_unknown_outcome_has_its_reason(error: Any, reason: str) -> None:
    """A bug of a hook is no lost answer; its text may be content, and is not shown."""
    transport = FakeTransport()
    transport.reply(CREATE, error)
    async with manager_on(transport) as manager:
        result = await BATCHES[CREATE](manager.with_options(retry=ONCE), 150)
    [message] = {outcome.message for outcome in result.unknown}
    assert reason in message
    assert "same call again" in message
    assert "CANARY" not in message


@virtual_time
async def test_a_cancelled_batch_is_logged_with_its_token(caplog: pytest.LogCaptureFixture) -> None:
    """The token that was made for a cancelled batch settles it, whatever parts it had."""
    service = SlowService(takes_s=1.0)
    records = [new(number) for number in range(150)]
    async with manager_on(service) as manager:
        with anyio.move_on_after(1.5):
            await manager.batch_create_memory_records(records)
        [token] = {found for text in caplog.messages for found in re.findall(r"token (\S+):", text)}
        await manager.batch_create_memory_records(records, client_token=token)
    first, second = service.sent(CREATE)[:2], service.sent(CREATE)[2:]
    assert first == second
    assert CANARY not in caplog.text
