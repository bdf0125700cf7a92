"""Times of credentials: how long they are used, and when a refresh is tried again."""

from __future__ import annotations

import datetime as dt

import anyio
import pytest

from agentcore_memory_async._transport.credentials import GuardedCredentials
from agentcore_memory_async.errors import AccessDeniedError
from tests._virtual_time import virtual_time
from tests.transport.test_credentials import Provider


async def guarded_with(provider: Provider, left_s: float) -> GuardedCredentials:
    """Return credentials that were used before, and now have *left_s* seconds to go."""
    guarded = GuardedCredentials(await provider.load_credentials(), None)
    await guarded.get_frozen_credentials()
    provider.now += dt.timedelta(seconds=3600 - left_s)
    return guarded


async def refreshes_at(
    guarded: GuardedCredentials, provider: Provider, *times_s: float
) -> list[int]:
    """Use the credentials at those times, and return how many refreshes there were by then."""
    counts: list[int] = []
    for at in times_s:
        await anyio.sleep(at - anyio.current_time())
        await guarded.get_frozen_credentials()
        counts.append(provider.refreshes)
    return counts


@virtual_time
async def test_credentials_are_used_up_to_their_last_minute() -> None:
    """If they cannot be refreshed, they are used at 60 s before they expire, and later not."""
    provider = Provider()
    provider.error = RuntimeError("STS is down")
    guarded = await guarded_with(provider, 60)
    assert "KEY0" == (await guarded.get_frozen_credentials()).access_key

    guarded = await guarded_with(provider, 59)
    with pytest.raises(AccessDeniedError):
        await guarded.get_frozen_credentials()


@virtual_time
async def test_a_failed_refresh_is_tried_again_after_five_seconds() -> None:
    """Calls before that go on with the present credentials."""
    provider = Provider()
    provider.error = RuntimeError("STS is down")
    guarded = await guarded_with(provider, 300)

    assert [1, 1, 2, 2, 3] == await refreshes_at(guarded, provider, 0, 4.9, 5, 9.9, 10)


@virtual_time
async def test_short_lived_credentials_are_refreshed_once_a_minute() -> None:
    """Credentials that are always about to expire are used for a minute each."""
    provider = Provider()
    provider.lifetime_s = 300
    guarded = await guarded_with(provider, 300)

    assert [1, 1, 2, 2, 3] == await refreshes_at(guarded, provider, 0, 59.9, 60, 119.9, 120)


@virtual_time
async def test_a_hanging_refresh_holds_a_call_for_three_seconds() -> None:
    """It counts as failed then, and is tried again after the pause."""
    provider = Provider()
    guarded = await guarded_with(provider, 300)
    provider.released = anyio.Event()
    await guarded.get_frozen_credentials()
    assert 3.0 == anyio.current_time()
    provider.released.set()

    assert [1, 2] == await refreshes_at(guarded, provider, 7.9, 8)


@virtual_time
async def test_a_cancelled_refresh_is_tried_again_after_eight_seconds() -> None:
    """The time of a refresh and the pause after a failed one count from its start."""
    provider = Provider()
    guarded = await guarded_with(provider, 300)
    provider.released = anyio.Event()
    with anyio.move_on_after(1):
        await guarded.get_frozen_credentials()
    provider.released.set()

    assert [1, 2] == await refreshes_at(guarded, provider, 7.9, 8)
