"""
The caller's credentials: loaded once, refreshed once, and used for as long as they are valid.

aiobotocore by itself does otherwise: of many clients that start at once each loads them, and in the
last ten minutes of their life a refresh that fails also fails every call, with one refresh per
call, although the credentials are still valid.
"""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import anyio
from botocore import exceptions as boto

from agentcore_memory_async._transport.capture import current_operation
from agentcore_memory_async.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Awaitable


_LOG = logging.getLogger("agentcore_memory_async.transport")

CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.UnknownCredentialError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.MetadataRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
    boto.InfiniteLoopConfigError,
)
"""What botocore raises where there are no credentials to sign with."""
SETTING_ERRORS = (
    boto.BaseEndpointResolverError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.EndpointProviderError,
    boto.InvalidConfigError,
    boto.InvalidProxiesConfigError,
    boto.InvalidRegionError,
    boto.ProfileNotFound,
)
"""What botocore raises where a setting of the caller is unusable."""
VALID_S = 60
"""Credentials that are valid for longer than this are used, whatever the refresh says."""
REFRESH_S = 3.0
"""
Longest duration of a refresh that is not yet needed; then it counts as failed for now.

STS answers in a fraction of a second; a read has 10 seconds in all, and opening should not hang.
"""
PAUSE_FAILED_S = 5.0
"""Time from a failed refresh to the next one."""
PAUSE_SHORT_S = 60.0
"""Shortest time between two refreshes of credentials that are always about to expire."""


def credentials_error(operation: str, exc: BaseException) -> AccessDeniedError:
    """
    Return the error of credentials that are missing, incomplete or unavailable.

    No request was made: ``status`` is 0, ``code`` is the name of botocore's error. It is an
    `AccessDeniedError` because retrying does not help, and because programs treat it as one. Only
    the kind of *exc* and the provider's name are shown: a credential process may print anything.
    """
    kwargs: dict[str, Any] = getattr(exc, "kwargs", {})
    provider = kwargs.get("provider")
    by = f" by {provider}" if isinstance(provider, str) else ""
    if isinstance(exc, boto.NoCredentialsError):
        message = "no AWS credentials were found, nothing was sent"
        hint = (
            "Run `aws configure` or `aws sso login`, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; a local service accepts any"
        )
    elif isinstance(exc, boto.PartialCredentialsError):
        message = f"the AWS credentials{by} are incomplete: {kwargs.get('cred_var')} is missing"
        hint = "Set it, or remove the rest"
    elif isinstance(exc, boto.SSOError):
        message = "the AWS single sign-on session is unusable; nothing was sent"
        hint = "Run `aws sso login`"
    else:
        message = f"the AWS credentials could not be loaded{by}, nothing was sent"
        hint = "Check the profile or role, e.g. with `aws sts get-caller-identity`"
    return AccessDeniedError(operation, type(exc).__name__, message, 0, hint=hint)


_locks: WeakKeyDictionary[Any, WeakKeyDictionary[asyncio.AbstractEventLoop, anyio.Lock]] = (
    WeakKeyDictionary()
)


async def load(session: Any) -> GuardedCredentials:
    """Load the credentials of *session*, once for all clients that open on it at the same time."""
    loop = asyncio.get_running_loop()
    lock = _locks.setdefault(session, WeakKeyDictionary()).setdefault(loop, anyio.Lock())
    async with lock:
        failed: Exception = boto.NoCredentialsError()
        found: Any = None
        try:
            found = await session.get_credentials()
        except SETTING_ERRORS:
            raise
        except Exception as exc:  # noqa: BLE001 - raised below without it as a cause: it may show secrets
            failed = exc
        if found is None:
            raise credentials_error(current_operation(), failed)
        guarded = GuardedCredentials(found)
        await guarded.get_frozen_credentials()
        return guarded


class GuardedCredentials:
    """
    Wraps the credentials of the caller's session, with the same interface.

    One refresh runs at a time. While one runs, or after one failed, was cancelled or took longer
    than `REFRESH_S`, calls go on with the present credentials as long as these are valid for more
    than `VALID_S`. All other attributes are those of the caller's own object.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._lock = anyio.Lock(fast_acquire=True)
        self._last: Any = None
        self._ask_at = 0.0
        self._failed: BaseException | None = None

    def __repr__(self) -> str:
        return f"<GuardedCredentials {getattr(self._inner, 'method', None)}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    async def get_frozen_credentials(self) -> Any:
        """Return the values to sign with, as the method of botocore's object does."""
        if not self._refresh_needed():
            self._last = await _resolve(self._inner.get_frozen_credentials())
            return self._last
        if self._last is not None and self._valid() and (self._lock.locked() or self._pausing()):
            return self._last
        async with self._lock:
            if self._pausing():
                if self._last is not None and self._valid():
                    return self._last
                if self._failed is not None:
                    raise credentials_error(current_operation(), self._failed)
            return await self._refresh()

    async def _refresh(self) -> Any:
        now = asyncio.get_running_loop().time
        usable = await self._usable() if self._valid() else None
        self._failed = None
        if usable is not None:
            # In advance, so that after a cancellation, too, the next call does not ask at once.
            self._ask_at = now() + REFRESH_S + PAUSE_FAILED_S
        failed: Exception = TimeoutError()
        try:
            with anyio.move_on_after(None if usable is None else REFRESH_S):
                frozen = await _resolve(self._inner.get_frozen_credentials())
                self._last = frozen
                self._ask_at = now() + PAUSE_SHORT_S if self._refresh_needed() else 0.0
                return frozen
        except Exception as exc:  # noqa: BLE001 - raised below, not as a cause
            failed = self._failed = exc.with_traceback(None)
        self._ask_at = now() + PAUSE_FAILED_S
        if usable is None:
            raise credentials_error(current_operation(), failed)
        _LOG.warning(
            "credentials not refreshed (%s), still valid: using them", type(failed).__name__
        )
        self._last = usable
        return usable

    async def _usable(self) -> Any:
        return self._last if self._last is not None else await self._as_loaded()

    async def _as_loaded(self) -> Any:
        """Return the present values without a refresh; the caller's object stays unchanged."""
        still = copy.copy(self._inner)
        try:
            still.refresh_needed = lambda *_, **__: False
        except AttributeError:
            return None
        return await _resolve(still.get_frozen_credentials())

    def _pausing(self) -> bool:
        return asyncio.get_running_loop().time() < self._ask_at

    def _refresh_needed(self, within_s: int | None = None) -> bool:
        ask = getattr(self._inner, "refresh_needed", None)
        return ask is not None and bool(ask(refresh_in=within_s))

    def _valid(self) -> bool:
        return not self._refresh_needed(VALID_S)


async def _resolve(value: Awaitable[Any] | Any) -> Any:
    return await value if inspect.isawaitable(value) else value
