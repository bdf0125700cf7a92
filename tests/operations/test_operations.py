"""The table of operations: each member of both service models is carried by something here."""

from __future__ import annotations

import pytest

from agentcore_memory_async._wire.service_model import OPERATIONS_BY_SERVICE, SERVICE
from tests.operations.calls import CALLS
from tests.operations.carried import carriers
from tests.operations.model import SERVICES, leaves
from tests.operations.page import DELIBERATE, DOCS, PAGES, name_of, reason_of, texts_of

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("operations")]
"""All of it is found once, by some thousand calls."""


def missing() -> list[str]:
    """Return the leaves that nothing carries, without a reason."""
    found = carriers()
    return [name_of(leaf) for leaf in leaves() if not found.get(leaf) and not reason_of(leaf)]


def test_every_operation_has_its_calls() -> None:
    """Each operation of both services is called."""
    operations = [each for names in OPERATIONS_BY_SERVICE.values() for each in names]
    assert sorted(operations) == sorted(CALLS)


def test_every_member_is_carried() -> None:
    """Each member has an argument or attribute, or a reason why it has none, but never both."""
    assert [] == missing()
    assert [] == [name_of(leaf) for leaf, by in carriers().items() if by and reason_of(leaf)]


@pytest.mark.parametrize("shape", ["Timestamp", "NoMembers"])
def test_a_member_that_is_new_is_missing(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    """A member that the service adds to its model is carried by nothing, and so is noticed."""
    carriers()
    shapes = SERVICES[SERVICE]["shapes"]
    monkeypatch.setitem(shapes, "NoMembers", {"type": "structure", "members": {}})
    monkeypatch.setitem(shapes["GetEventInput"]["members"], "asOf", {"shape": shape})
    assert ["GetEvent.input.asOf"] == missing()


def test_a_member_of_an_error_that_is_new_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that the service adds to an error has no row until it has a reason."""
    members = SERVICES[SERVICE]["shapes"]["ValidationException"]["members"]
    monkeypatch.setitem(members, "advice", {"shape": "String"})
    with pytest.raises(KeyError, match="advice"):
        texts_of(SERVICE)


def test_every_reason_is_needed() -> None:
    """Each reason why nothing carries a member is of a member."""
    used = {reason_of(leaf) for leaf in leaves()}
    assert set(DELIBERATE.values()) == used - {None}


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_was_found(page: str) -> None:
    """The page shows what the calls show; ``python -m tests.operations`` makes it anew."""
    service, _ = PAGES[page]
    assert (DOCS / page).read_text("utf-8") == texts_of(service)
