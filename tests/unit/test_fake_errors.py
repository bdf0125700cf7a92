"""Errors of FakeTransport, held against the service's model."""

from __future__ import annotations

import pytest

from agentcore_memory_async.errors import ServiceError
from agentcore_memory_async.testing import FakeTransport
from tests.local.exchanges import model


@pytest.mark.parametrize("operation", ["CreateEvent", "RetrieveMemoryRecords", "CreateMemory"])
async def test_an_error_has_the_status_of_the_service(operation: str) -> None:
    """A test need not know it."""
    entry, shapes = model()[operation]
    fake = FakeTransport()
    for code in [error["shape"] for error in entry["errors"]]:
        fake.fail(operation, code)
        with pytest.raises(ServiceError) as caught:
            await fake(operation, {})
        expected = (shapes[code]["error"]["httpStatusCode"], code)
        assert expected == (caught.value.status, caught.value.code)


async def test_an_error_can_be_given_another_status() -> None:
    """What the test says goes before."""
    fake = FakeTransport()
    fake.fail("CreateEvent", "ThrottledException", status=400)
    with pytest.raises(ServiceError) as caught:
        await fake("CreateEvent", {})
    assert 400 == caught.value.status
