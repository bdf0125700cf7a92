"""
What is the fault of a setting: an argument, an environment variable, or a line of a file of AWS.

botocore raises it wherever it happens to read the setting: mostly while it loads credentials.
"""

# botocore carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from botocore import exceptions as boto

from agentcore_memory_async._transport.base import without_user
from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

SETTING_ERRORS = (
    boto.BaseEndpointResolverError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.EndpointProviderError,
    boto.InvalidChecksumConfigError,
    boto.InvalidConfigError,
    boto.InvalidDefaultsMode,
    boto.InvalidEndpointConfigurationError,
    boto.InvalidIMDSEndpointError,
    boto.InvalidIMDSEndpointModeError,
    boto.InvalidProxiesConfigError,
    boto.InvalidRegionError,
    boto.InvalidRetryConfigurationError,
    boto.InvalidSTSRegionalEndpointsConfigError,
    boto.MissingDependencyException,
    boto.ParamValidationError,
    boto.ProfileNotFound,
    boto.UnknownCredentialError,
    boto.UnknownSignatureVersionError,
)
"""What botocore raises where a setting of the caller is unusable."""

_QUOTED = re.compile(r"'([^']*)'|: ([^'\s]+)$")
"""What a plain ``ValueError`` quotes."""


def is_setting_fault(exc: BaseException) -> bool:
    """
    Return whether a setting of the caller is at fault.

    A role without a source is an incomplete setting, while a key without its secret is an
    incomplete credential. Of other errors those are settings' faults that name a file, and plain
    ``ValueError``: its subclasses mean an unreadable answer of whatever gives the credentials,
    unless they quote a setting.
    """
    if isinstance(exc, boto.PartialCredentialsError):
        return bool(exc.kwargs["provider"] == "assume-role")
    if isinstance(exc, OSError):
        return exc.filename is not None
    if isinstance(exc, SETTING_ERRORS) or type(exc) is ValueError:
        return True
    return isinstance(exc, ValueError) and bool(_name_of(_refused(exc), None))


def setting_error(exc: BaseException, session: Any = None) -> InvalidInputError:
    """Return the error of an unusable setting, in botocore's words, which contain no secret."""
    text = f"{exc.strerror}: {exc.filename}" if isinstance(exc, OSError) else str(exc)
    text = " ".join(text.split())
    name = _name_of(_refused(exc), session)
    if name:
        text = f"{name}: {text}"
    return InvalidInputError(f"the AWS configuration is unusable: {without_user(text)}")


@contextmanager
def named_settings(session: Any) -> Generator[None]:
    """Raise a fault of a setting of *session* in the block as that of an argument."""
    try:
        yield
    except Exception as error:
        if not is_setting_fault(error):
            raise
        raise setting_error(error, session) from None


def profile_with(session: Any, *lines: str) -> str:
    """Return the profile with one of *lines* that *session* uses, maybe as a source of roles."""
    with suppress(Exception):
        profiles: Mapping[str, Any] = session.full_config["profiles"]
        name = session.get_config_variable("profile") or "default"
        for _ in profiles:
            profile = profiles[name]
            if any(line in profile for line in lines):
                return str(name)
            name = profile["source_profile"]
    return ""


def _refused(exc: BaseException) -> set[str]:
    """Return the values that *exc* refuses."""
    if isinstance(exc, OSError):
        return {str(exc.filename)}
    if isinstance(exc, boto.BotoCoreError):
        return {value for value in exc.kwargs.values() if isinstance(value, str)}
    return {one or other for one, other in _QUOTED.findall(str(exc))}


def _name_of(values: set[str], session: Any) -> str:
    """Return the variable, or the line of a profile, that has one of *values*; or nothing."""
    for variable, held in os.environ.items():
        if variable.startswith("AWS_") and held in values:
            return variable
    with suppress(Exception):
        for profile, lines in session.full_config["profiles"].items():
            for line, held in lines.items():
                # A line may be a command, of which the program is not there.
                if values & {held, str(held).partition(" ")[0]}:
                    return f"{line} of profile {profile}"
    return ""
