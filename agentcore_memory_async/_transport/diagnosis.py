"""
What the settings of AWS on this machine say, and which of them is in use: read, never sent.

botocore tells neither from where it took an endpoint, nor which other settings it passed over.
"""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession
from attrs import field, frozen
from botocore.exceptions import BotoCoreError

from agentcore_memory_async._transport.base import without_user
from agentcore_memory_async._transport.client import core_session
from agentcore_memory_async._transport.settings import named_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
"""Variable by which botocore passes over all endpoints of variables and files."""
_ENDPOINT = "AWS_ENDPOINT_URL"
"""Variable of the endpoint of all services; with ``_`` and a service's name, of that one."""


@frozen
class SettingsInUse:
    """
    The settings of AWS.

    Attributes:
        profiles: Names of the profiles.
        profile: Profile that is asked for; empty for the default one.
        regions: Names of the regions that the installed botocore knows.
        ignored_by: Setting by which configured endpoints are passed over; empty if none does.
        endpoints: Endpoints by service, each with the settings that name one in botocore's order,
            and the URLs without user names and passwords.
    """

    profiles: tuple[str, ...] = ()
    profile: str = ""
    regions: frozenset[str] = frozenset()
    ignored_by: str = ""
    endpoints: Mapping[str, tuple[tuple[str, str], ...]] = field(factory=dict)


def profiles() -> tuple[str, ...]:
    """Return the names of the profiles, whichever of them is asked for; none if unreadable."""
    with suppress(BotoCoreError):
        return tuple(AioSession().available_profiles)
    return ()


def read_settings(session: object, services: tuple[str, ...]) -> SettingsInUse:
    """
    Return the settings that apply to *session*; call this in a thread.

    Args:
        session: An aioboto3 or aiobotocore session.
        services: Services whose endpoints are looked for, such as ``bedrock-agentcore``.

    Raises:
        InvalidInputError: A file cannot be read, or there is no such profile.
    """
    core = core_session(session)
    with named_settings(core):
        scoped: Mapping[str, Any] = core.get_scoped_config()
        asked_for = str(core.get_config_variable("profile") or "")
        named = asked_for or "default"
        return SettingsInUse(
            profiles=tuple(core.available_profiles),
            profile=asked_for,
            regions=_regions(core),
            ignored_by=_ignored_by(core, scoped, named),
            endpoints={
                service: tuple(_endpoints(core, scoped, named, service)) for service in services
            },
        )
    raise AssertionError  # pragma: no cover - the block returns or raises


def _regions(core: Any) -> frozenset[str]:
    partitions: list[Any] = core.get_component("data_loader").load_data("partitions")["partitions"]
    return frozenset(name for each in partitions for name in each["regions"])


def _ignored_by(core: Any, scoped: Mapping[str, Any], profile: str) -> str:
    if not core.get_config_variable("ignore_configured_endpoint_urls"):
        return ""
    if os.environ.get(_IGNORE):
        return _IGNORE
    line = "ignore_configured_endpoint_urls"
    return f"{line} of profile {profile}" if line in scoped else line


def _endpoints(
    core: Any, scoped: Mapping[str, Any], profile: str, service: str
) -> Iterator[tuple[str, str]]:
    """Yield the settings that name an endpoint of *service*, and the URLs, first come first."""
    name = service.replace("-", "_")
    for variable in (f"{_ENDPOINT}_{name.upper()}", _ENDPOINT):
        if url := os.environ.get(variable):
            yield variable, without_user(url)
    section: object = scoped.get("services")
    services: Mapping[str, Any] = core.full_config.get("services", {})
    own = services.get(section, {}).get(name) if isinstance(section, str) else None
    if isinstance(own, dict) and own.get("endpoint_url"):
        yield f"endpoint_url of services {section} ({profile})", without_user(own["endpoint_url"])
    if url := scoped.get("endpoint_url"):
        yield f"endpoint_url of profile {profile}", without_user(url)
