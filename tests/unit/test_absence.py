"""What one call finds where nothing listens is shared for a tenth of a second."""

from __future__ import annotations

import anyio
import pytest

from agentcore_memory_async import TransportError
from agentcore_memory_async._calls.absence import Absence
from tests._virtual_time import virtual_time


@virtual_time
async def test_it_is_shared_until_its_time_is_up() -> None:
    """Just before, calls raise what was found; exactly then, one looks again."""
    absence = Absence()
    absence.check("ListEvents")
    absence.note(TransportError("ListEvents", "nothing listens", sent=False, is_absent=True))
    found_at = anyio.current_time()
    with pytest.raises(TransportError, match="nothing listens") as caught:
        absence.check("CreateEvent")
    assert (caught.value.operation, caught.value.sent) == ("CreateEvent", False)
    await anyio.sleep_until(found_at + 0.1)
    absence.check("CreateEvent")


@virtual_time
async def test_other_errors_are_not_shared() -> None:
    """A connection that was lost says nothing of other calls."""
    absence = Absence()
    absence.note(TransportError("ListEvents", "connection lost", sent=True))
    absence.note(ValueError("no"))
    absence.check("ListEvents")
