"""What became of each record of a batch: every answer is told, and no error hides another."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    BatchError,
    DecodeError,
    OutcomeUnknownError,
    TransportError,
)
from agentcore_memory_async.errors import service_error
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
from tests.client.doubles import manager_on
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
    """A failure has the service's code and reason; a record that is not named fails, too."""
    transport = FakeTransport()
    transport.reply(operation, partly, partly)
    async with manager_on(transport) as manager:
        result = await BATCHES[operation](manager, 3)
        assert not result
        assert ["SUCCEEDED", "FAILED", "FAILED"] == [outcome.status for outcome in result]
        refused, unnamed = result.failed
        assert (1, 400, f"{CANARY}: too odd") == (refused.index, refused.code, refused.message)
        assert (2, None) == (unnamed.index, unnamed.code)
        assert "names it neither" in unnamed.message
        with pytest.raises(BatchError) as caught:
            await BATCHES[operation](manager, 3, raise_on_failure=True)
    error = caught.value
    assert (operation, [1, 2]) == (error.operation, [each.index for each in error.result.failed])
    assert f"{operation}: of 3 record(s), 2 failed (400: 1, no code: 1)" in str(error)
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
        expected = "FAILED" if path == ("successfulRecords",) else "SUCCEEDED"
        assert expected == outcome.status, path


@pytest.mark.parametrize(
    "body",
    [{}, {"successfulRecords": None}, {"successfulRecords": 5, "failedRecords": []}],
    ids=str,
)
@virtual_time
async def test_an_answer_without_lists_is_unreadable(body: dict[str, Any]) -> None:
    """An answer that tells of no record is an error after one request."""
    transport = FakeTransport()
    transport.reply(DELETE, body)
    async with manager_on(transport) as manager:
        with pytest.raises(DecodeError, match="successfulRecords"):
            await BATCHES[DELETE](manager, 2)
    assert 1 == len(transport.sent(DELETE))


@virtual_time
async def test_items_that_cannot_be_read_hide_no_other() -> None:
    """Items of other types tell nothing; entries without a name are told where that is certain."""
    done = {"status": "SUCCEEDED"}
    ids = [{"memoryRecordId": record_id(number)} for number in range(3)]
    answers: list[tuple[list[Any], list[Any], list[str]]] = [
        ([ids[0], 5, None], [ids[2]], ["SUCCEEDED", "FAILED", "FAILED"]),
        ([done, {**done, "memoryRecordId": 5}, done], [], ["SUCCEEDED"] * 3),
        ([done, ids[1]], [{}], ["FAILED", "SUCCEEDED", "FAILED"]),
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


@virtual_time
async def test_what_an_earlier_request_deleted_is_deleted() -> None:
    """After a lost answer a record that is gone counts as deleted, and only then."""
    gone = {"status": "FAILED", "errorCode": 404, "errorMessage": "no such record"}
    body = {
        "successfulRecords": [],
        "failedRecords": [
            {**gone, "memoryRecordId": record_id(0)},
            {**gone, "memoryRecordId": record_id(1), "errorCode": 403},
        ],
    }
    transport = FakeTransport()
    transport.reply(DELETE, body, lost(DELETE), body)
    transport.reply(UPDATE, lost(UPDATE), body)
    async with manager_on(transport) as manager:
        assert ["FAILED"] * 2 == [each.status for each in await BATCHES[DELETE](manager, 2)]
        assert ["SUCCEEDED", "FAILED"] == [
            each.status for each in await BATCHES[DELETE](manager, 2)
        ]
        assert ["FAILED"] * 2 == [each.status for each in await BATCHES[UPDATE](manager, 2)]


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
