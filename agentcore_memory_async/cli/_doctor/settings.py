"""Region, endpoints, credentials and clock."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from agentcore_memory_async._service_errors import (
    SIGNATURE_VALID_S,
    TOLERATED_S,
    compare_clocks,
)
from agentcore_memory_async.cli._doctor.failures import ORIGINS, SET_CLOCK
from agentcore_memory_async.cli._doctor.findings import ok, problem, unchecked, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from agentcore_memory_async._transport.diagnosis import SettingsInUse
    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.cli._doctor.seen import Asked, Endpoint, Reply

_SET_REGION = "Name the region of the memory by --region or AWS_REGION"
"""What to do about a region."""


def check_credentials(endpoint: Endpoint, settings: SettingsInUse) -> Finding:
    """Return where the credentials are from."""
    if endpoint.key is None:
        return ok("credentials", "requests are not signed")
    method, end = endpoint.key
    shown = f"from {ORIGINS.get(method, method)}"
    shown += f", access key ending in {end}" if end else ""
    if method == "env" and settings.profile:
        cause = f"{shown}, which precede those of the profile {settings.profile}"
        cure = "Unset AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --profile"
        return warning("credentials", cause, cure)
    return ok("credentials", shown)


def check_region(endpoint: Endpoint, asked: Asked, known: Set[str]) -> Finding:
    """
    Return whether the region is one, and that of the memory.

    Args:
        endpoint: Where requests go.
        asked: What the doctor was asked.
        known: Regions that botocore knows.
    """
    region, wanted = endpoint.region, asked.region_of_arn
    if is_of_other_region(endpoint, asked):
        cause = f"the memory is in {wanted}, by its ARN, and requests go to {endpoint.where}"
        return problem("region", cause, f"Use --region {wanted}, or export AWS_REGION={wanted}")
    if not endpoint.is_aws:
        return ok("region", f"{region} (from {endpoint.region_source}), at an endpoint of your own")
    if known and region not in known:
        close = get_close_matches(region, sorted(known), 1)
        nearest = f"; the nearest name is {close[0]}" if close else ""
        cause = f"{region} (from {endpoint.region_source}) is no region that botocore knows"
        return warning("region", cause, _SET_REGION + nearest)
    if endpoint.region_source == "default":
        cause = f"no region is set anywhere, so {region} is used"
        return warning("region", cause, _SET_REGION)
    return ok("region", f"{region} (from {endpoint.region_source})")


def is_of_other_region(endpoint: Endpoint, asked: Asked) -> bool:
    """Return whether the memory's ARN names another region than requests go to."""
    return endpoint.is_aws and asked.region_of_arn not in ("", endpoint.region)


def check_endpoints(endpoints: Iterable[Endpoint], settings: SettingsInUse) -> list[Finding]:
    """Return where requests go, and which settings of endpoints are passed over."""
    endpoints = list(endpoints)
    found = [_passed_over(endpoint, settings) for endpoint in endpoints]
    if len({endpoint.is_aws for endpoint in endpoints}) > 1:
        aws = next(endpoint for endpoint in endpoints if endpoint.is_aws)
        own = next(endpoint for endpoint in endpoints if not endpoint.is_aws)
        variable = f"AWS_ENDPOINT_URL_{aws.service.upper().replace('-', '_')}"
        cause = f"{own.service} is at {own.endpoint_url}, and {aws.service} at AWS"
        cure = f"export {variable}={own.endpoint_url}, or unset {own.set_by}"
        found.append(warning("endpoint", cause, cure))
    shown = {
        f"{endpoint.endpoint_url}{f' (by {endpoint.set_by})' * bool(endpoint.set_by)}": 0
        for endpoint in endpoints
    }
    return [each for each in found if each] or [ok("endpoint", ", ".join(shown))]


def _passed_over(endpoint: Endpoint, settings: SettingsInUse) -> Finding | None:
    """Return that a setting names another endpoint than the one that requests go to."""
    named = settings.endpoints.get(endpoint.service, ())
    others = [name for name, url in named if url.rstrip("/") != endpoint.endpoint_url.rstrip("/")]
    if not others or endpoint.set_by == "--endpoint-url":
        return None
    shown, verb = " and ".join(others), "is" if len(others) == 1 else "are"
    if settings.ignored_by:
        cause = f"{shown} {verb} passed over, since {settings.ignored_by} is set"
        return warning("endpoint", cause, f"Unset {settings.ignored_by}, or use --endpoint-url")
    cause = f"{shown} {verb} passed over: {endpoint.set_by} precedes, with {endpoint.endpoint_url}"
    return warning("endpoint", cause, f"Unset {endpoint.set_by}, or {shown}")


def setting_of(url: str, service: str, asked: Asked, settings: SettingsInUse) -> str:
    """Return the setting that names the endpoint *url* of a service; empty if AWS's rules do."""
    if asked.endpoint_url:
        return "--endpoint-url"
    if settings.ignored_by:
        return ""
    named = settings.endpoints.get(service, ())
    return next((name for name, each in named if each.rstrip("/") == url.rstrip("/")), "")


def proxies_of(url: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that name a proxy for *url*."""
    scheme = url.partition(":")[0]
    wanted = {f"{scheme}_proxy", "all_proxy"}
    return tuple(name for name, value in environment.items() if value and name.lower() in wanted)


def check_clock(replies: Iterable[Reply]) -> Finding:
    """Return whether this machine's clock is right enough for signatures."""
    offset_s = next((each.offset_s for each in replies if each.offset_s is not None), None)
    if offset_s is None:
        return unchecked("clock", "no answer had a date")
    text = compare_clocks(offset_s)
    if abs(offset_s) >= SIGNATURE_VALID_S:
        return problem("clock", text, SET_CLOCK)
    return warning("clock", text, SET_CLOCK) if abs(offset_s) >= TOLERATED_S else ok("clock", text)
