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
from contextlib import suppress
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import anyio
from botocore import exceptions as boto

from agentcore_memory_async._service_errors import compare_clocks, is_time_refused
from agentcore_memory_async._transport.capture import (
    clock_offset_s,
    current_operation,
    note_credentials,
)
from agentcore_memory_async._transport.settings import (
    is_setting_fault,
    profile_with,
    setting_error,
)
from agentcore_memory_async.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Awaitable


_LOG = logging.getLogger("agentcore_memory_async.transport")

CREDENTIAL_ERRORS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.MetadataRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
)
"""What botocore raises where there are no credentials to sign with."""
_LOGINS = (
    (
        (boto.SSOError, boto.TokenRetrievalError),
        "AWS single sign-on",
        "aws sso login",
        ("sso_session", "sso_start_url"),
    ),
    # Older botocores do not have it.
    (getattr(boto, "LoginError", ()), "AWS login", "aws login", ("login_session",)),
)
"""Errors of sessions that a person opens, the session, the command, and lines of its profile."""
_GET = (
    "Run `aws configure` or `aws sso login`, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY; a local service accepts any"
)
"""Hint where there are no credentials."""
_CHECK = "Check the profile or role, e.g. with `aws sts get-caller-identity`"
"""Hint where there are some, and they can't be loaded."""
_RENEW = "Get new ones, and check this machine's clock"
"""Hint where they have expired."""
VALID_S = 60
"""Credentials that are valid for longer than this are used, whatever the refresh says."""
REFRESH_S = 3.0
"""
Longest duration of a refresh that is not yet needed; then it counts as failed for now.

STS answers in a fraction of a second; a read has 10 seconds in all, and opening should not hang.
"""
PAUSE_FAILED_S = 5.0
"""Time from a failed refresh to the next one."""
_LONG_KEY = 16
"""Length of an access key from which on its last four characters may be shown."""
PAUSE_SHORT_S = 60.0
"""Shortest time between two refreshes of credentials that are always about to expire."""


def credentials_error(
    operation: str, exc: BaseException, session: Any = None, expired: str = ""
) -> AccessDeniedError:
    """
    Return the error of credentials that are missing, incomplete, expired or unavailable.

    No request was made: ``status`` is 0, ``code`` is the name of botocore's error, or of the error
    that the provider answered with. It is an `AccessDeniedError` because retrying does not help,
    and because programs treat it as one. Only the kind of *exc* and the provider's name are shown:
    a credential process may print anything.

    Args:
        operation: Wire name of the operation that needed them.
        exc: What botocore raised.
        session: Session that they are for; its profile is named.
        expired: When they expired; empty unless they did.
    """
    code, hint = type(exc).__name__, _RENEW if expired else _CHECK
    if isinstance(exc, boto.ClientError):
        code, hint = _answered(exc, hint)
    message, hint = _absent(exc, session) or (_unavailable(exc, code, expired), hint)
    return AccessDeniedError(operation, code, f"{message}; nothing was sent", 0, hint=hint)


def _answered(exc: boto.ClientError, hint: str) -> tuple[str, str]:
    """Return code and hint of what a provider answered; *hint* if the clock is not at fault."""
    answer: dict[str, Any] = exc.response
    code, message = str(answer["Error"]["Code"]), str(answer["Error"].get("Message"))
    offset_s = clock_offset_s(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
    return code, compare_clocks(offset_s) if is_time_refused(code, message, offset_s) else hint


def _absent(exc: BaseException, session: Any) -> tuple[str, str] | None:
    """Return message and hint of credentials that the user has to get or complete; else None."""
    kwargs: dict[str, Any] = getattr(exc, "kwargs", {})
    if isinstance(exc, boto.NoCredentialsError):
        return "no AWS credentials were found", _GET
    if isinstance(exc, boto.PartialCredentialsError):
        which = f"the AWS credentials by {kwargs['provider']} are incomplete"
        return f"{which}: {kwargs['cred_var']} is missing", "Set it, or remove the rest"
    for errors, what, command, lines in _LOGINS:
        if isinstance(exc, errors):
            profile = profile_with(session, *lines)
            option = f" --profile {profile}" if profile else ""
            return f"the {what} session has expired or is missing", f"Run `{command}{option}`"
    return None


def _unavailable(exc: BaseException, code: str, expired: str) -> str:
    """Return the message of credentials that whatever gives them did not give."""
    why = ""
    if isinstance(exc, boto.ClientError):
        why = f": {exc.operation_name} gave {code}"
    elif isinstance(exc, boto.ConnectionError | boto.HTTPClientError):
        why = f": no answer of {urlsplit(str(exc.kwargs.get('endpoint_url'))).netloc}"
    elif isinstance(provider := getattr(exc, "kwargs", {}).get("provider"), str):
        why = f" by {provider}"
    if expired:
        return f"the AWS credentials expired at {expired}, and could not be renewed{why}"
    return f"the AWS credentials could not be loaded{why}"


def _failed(exc: BaseException, session: Any, expired: str = "") -> Exception:
    """Return what to raise where *exc* kept credentials from being loaded."""
    if is_setting_fault(exc):
        return setting_error(exc, session)
    return credentials_error(current_operation(), exc, session, expired)


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
        except Exception as exc:  # noqa: BLE001 - raised below without it as a cause: it may show secrets
            failed = exc
        if found is None:
            raise _failed(failed, session)
        guarded = GuardedCredentials(found, session)
        await guarded.get_frozen_credentials()
        return guarded


class GuardedCredentials:
    """
    Wraps the credentials of the caller's session, with the same interface.

    One refresh runs at a time. While one runs, or after one failed, was cancelled or took longer
    than `REFRESH_S`, calls go on with the present credentials as long as these are valid for more
    than `VALID_S`. All other attributes are those of the caller's own object.

    Args:
        inner: The credentials of the session.
        session: Session that they are of, for the texts of errors.
    """

    def __init__(self, inner: Any, session: Any) -> None:
        self._inner = inner
        self._session = session
        self._lock = anyio.Lock(fast_acquire=True)
        self._last: Any = None
        self._ask_at = -inf
        self._failed: BaseException | None = None
        self._rejected: object = None

    def __repr__(self) -> str:
        return f"<GuardedCredentials {getattr(self._inner, 'method', None)}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    @property
    def origin(self) -> tuple[str, str]:
        """Botocore's name of what gave them, and the end of the access key, if it is a long one."""
        key = str(getattr(self._last, "access_key", ""))
        return str(self._inner.method), key[-4:] if len(key) >= _LONG_KEY else ""

    def reject(self, frozen: object) -> None:
        """Mark *frozen* as expired: the credentials are renewed before they are used again."""
        self._rejected = frozen

    async def get_frozen_credentials(self) -> Any:
        """Return the values to sign with, as the method of botocore's object does."""
        if self._rejected is not None:
            await self._renew()
        frozen = await self._get()
        note_credentials(frozen)
        return frozen

    async def _renew(self) -> None:
        """
        Make the present credentials expired, or load them again, unless they are others by now.

        Those that were given as arguments stay as they are: nothing else says the same.
        """
        async with self._lock:
            rejected, self._rejected = self._rejected, None
            if hasattr(self._inner, "refresh_needed"):
                if rejected == await self._as_loaded():
                    _expire(self._inner)
                    self._last, self._ask_at, self._failed = None, -inf, None
            elif rejected == self._last and self._inner.method != "explicit":
                self._inner = await self._loaded_again()

    async def _loaded_again(self) -> Any:
        """Return the credentials of the same provider, loaded again; else the present ones."""
        found: Any = None
        with suppress(Exception):  # the service's error says what is wrong
            provider = self._session.get_component("credential_provider")
            found = await provider.load_credentials()
        return found if found and found.method == self._inner.method else self._inner

    async def _get(self) -> Any:
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
                    raise _failed(self._failed, self._session, self._expired())
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
                self._ask_at = now() + PAUSE_SHORT_S if self._refresh_needed() else -inf
                return frozen
        except Exception as exc:  # noqa: BLE001 - raised below, not as a cause
            failed = self._failed = exc.with_traceback(None)
        self._ask_at = now() + PAUSE_FAILED_S
        if usable is None:
            raise _failed(failed, self._session, self._expired())
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

    def _expired(self) -> str:
        """Return when they expired; empty where they did not, or it is not known."""
        at = getattr(self._inner, "_expiry_time", None)
        return f"{at:%Y-%m-%d %H:%M:%S %Z}" if at and self._refresh_needed(0) else ""

    def _valid(self) -> bool:
        return not self._refresh_needed(VALID_S)


def _expire(refreshable: Any) -> None:
    """
    Make *refreshable* expired, so that botocore refreshes it; and forget what a role's cache has.

    There is no public way to either.
    """
    fetcher: Any = getattr(refreshable._refresh_using, "__self__", None)  # noqa: SLF001 - as above
    with suppress(AttributeError, KeyError):
        del fetcher._cache[fetcher._cache_key]  # noqa: SLF001 - as above
    refreshable._expiry_time = refreshable._time_fetcher() - timedelta.resolution  # noqa: SLF001 - as above


async def _resolve(value: Awaitable[Any] | Any) -> Any:
    return await value if inspect.isawaitable(value) else value
