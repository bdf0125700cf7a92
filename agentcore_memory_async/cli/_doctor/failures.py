"""Errors as findings: the check that they belong to, the cause and the cure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async._calls.hints import find_hint, is_memory_missing
from agentcore_memory_async._service_errors import (
    compare_clocks,
    is_clock_at_fault,
    is_token_expired,
)
from agentcore_memory_async.cli._doctor.findings import problem, unchecked, warning
from agentcore_memory_async.errors import (
    AccessDeniedError,
    CertificateError,
    InvalidInputError,
    NotFoundError,
    ServiceError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    ValidationError,
)

if TYPE_CHECKING:
    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.cli._doctor.seen import Asked, Endpoint

ORIGINS = {
    "env": "environment variables",
    "shared-credentials-file": "the credentials file",
    "config-file": "the config file",
    "assume-role": "a role of the profile",
    "assume-role-with-web-identity": "a web identity token",
    "custom-process": "the credential_process of the profile",
    "container-role": "the container's role",
    "iam-role": "the instance's role",
    "sso": "AWS single sign-on",
}
"""What gives credentials, by botocore's names."""
SET_CLOCK = "Set the clock, for example by `sudo timedatectl set-ntp true`"
"""What to do about a clock."""
_ADVICE = re.compile(r"(?:; |\. )((?:check|the local service|is it|If) .*)$")
"""The advice at the end of the reason of a `TransportError`."""
_UNUSABLE = re.compile(r"^the AWS configuration is unusable: (?:([\w ]+?): )?(.*)$")
"""The setting, and what is wrong with it, in an error of settings."""
_UNRESOLVED = re.compile(r"the name of \S+ cannot be resolved")
"""The reason where a host name cannot be resolved."""
_WITHOUT_TLS = {"is it an https endpoint?": "Write http:// if the service has no TLS"}
"""What to do instead of answering the question of an error."""
_NOT_SENT = "; nothing was sent"
"""End of the message of credentials that are missing."""
_WRONG_SIGNATURE = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch"})
"""Codes of a signature that does not fit the key."""


def explain_setting(error: InvalidInputError, profiles: tuple[str, ...] = ()) -> Finding:
    """Return the finding of a setting that is unusable; *profiles* are those that there are."""
    found = _UNUSABLE.match(str(error))
    setting, cause = (found[1], found[2]) if found else (None, str(error))
    cure = f"Correct {setting}, or unset it" if setting else "Correct the setting that it names"
    if "profile" in cause and "could not be found" in cause and profiles:
        cure += f"; there are the profiles {', '.join(profiles)}"
    return problem("settings", f"{setting}: {cause}" if setting else cause, cure)


def explain(error: Exception, endpoint: Endpoint, asked: Asked) -> Finding:
    """
    Return the finding of an *error* of a request or of opening, but for a missing permission.

    The cases, in this order:

    1. Nothing was sent: settings or credentials.
    2. No answer came, or another server answered: the connection.
    3. The service refused the key, the signature or its time.
    4. It throttled, or does not have the memory.
    5. Anything else could not be checked.
    """
    if isinstance(error, InvalidInputError):
        return explain_setting(error)
    if isinstance(error, TransportError):
        return _explain_connection(error, endpoint)
    if not isinstance(error, ServiceError):
        cause = f"no readable answer of {endpoint.host} ({type(error).__name__})"
        return problem("connection", cause, _correct_endpoint("Check any proxy", endpoint))
    if isinstance(error, AccessDeniedError):
        return _explain_refusal(error, endpoint)
    if isinstance(error, ThrottledError):
        cause = f"the service throttles {error.operation} at the moment: {error.code}"
        cure = "Send less, or ask for a higher quota of it in Service Quotas; the client waits"
        return warning("throttling", cause, cure)
    hint = find_hint(error, asked.memory_id, endpoint.where, endpoint.endpoint_url)
    if is_about_memory(error, asked):
        cure = hint if isinstance(error, ValidationError) and hint else _other_memory(endpoint)
        cause = f"memory {asked.memory_id} does not exist in {endpoint.where}"
        if isinstance(error, ValidationError):
            cause = f"the service refuses the id {asked.memory_id}"
        return problem("memory", cause, cure)
    cause = f"{error.operation} gave {error.code} ({error.status})"
    if hint.startswith("This "):  # of another server
        return problem("connection", f"{cause}. {hint}", _correct_endpoint("", endpoint))
    return unchecked("connection", cause, "Try again")


def is_about_memory(error: ServiceError, asked: Asked) -> bool:
    """Return whether the service does not have the memory, or refuses its id."""
    if isinstance(error, NotFoundError):
        return is_memory_missing(error.message, asked.memory_id)
    return isinstance(error, ValidationError) and "memoryid" in error.message.lower()


def _other_memory(endpoint: Endpoint) -> str:
    return (
        f"Check the id: `agentcore-memory memories --region {endpoint.region}` lists those of this "
        "region; or name another region by --region or AWS_REGION"
    )


def _explain_refusal(error: AccessDeniedError, endpoint: Endpoint) -> Finding:
    """Return the finding of credentials that are missing or refused, or of the clock."""
    if not error.status:
        return problem("credentials", error.message.removesuffix(_NOT_SENT), error.hint)
    origin = ORIGINS.get(endpoint.key[0], endpoint.key[0]) if endpoint.key else "nowhere"
    if is_token_expired(error):
        cause = f"the session token from {origin} has expired"
        return problem("credentials", cause, f"Get new credentials, for {origin}")
    if is_clock_at_fault(error):
        clocks = compare_clocks(error.clock_offset_s)
        return problem("clock", f"the service refuses the time of signatures. {clocks}", SET_CLOCK)
    if error.code in _WRONG_SIGNATURE:
        cause = "the signature is wrong: the secret key does not belong to the access key"
        cure = f"Copy both of one key again, for {origin}; or a proxy changes requests: check it"
        return problem("credentials", f"{cause} (from {origin})", cure)
    cause = f"AWS does not know the access key, or its session token is missing (from {origin})"
    cure = f"Get new credentials, for {origin}; those of a session need AWS_SESSION_TOKEN, too"
    return problem("credentials", cause, cure)


def is_unresolved(error: Exception | None) -> bool:
    """Return whether the host name of the service itself could not be resolved."""
    if not isinstance(error, TransportError):
        return False
    return bool(_UNRESOLVED.search(error.reason)) and "the proxy " not in error.reason


def _explain_connection(error: TransportError, endpoint: Endpoint) -> Finding:
    found = _ADVICE.search(error.reason)
    cause, advice = (error.reason[: found.start()], found[1]) if found else (error.reason, "")
    if isinstance(error, TransportTimeoutError):
        cause = f"timed out {cause}"
    if is_unresolved(error) and endpoint.is_elsewhere:
        cause = f"AgentCore is not in {endpoint.where}: {cause}, and its name elsewhere can"
        return problem("region", cause, "Name the region of the memory by --region or AWS_REGION")
    return problem("connection", cause, _cure_connection(error, endpoint, advice))


def _cure_connection(error: TransportError, endpoint: Endpoint, advice: str) -> str:
    if "the proxy " in error.reason:
        names = " and ".join(endpoint.proxies) or "the proxies of the AWS configuration"
        return f"Correct or unset {names}; or add {endpoint.host} to NO_PROXY"
    if isinstance(error, CertificateError):
        return advice or "Check the certificate of the endpoint"
    if endpoint.set_by:
        return _correct_endpoint(_WITHOUT_TLS.get(advice, advice), endpoint)
    if is_unresolved(error):
        return "Check the network, its DNS, and the region; a proxy is named by HTTPS_PROXY"
    way_out = f"a subnet without a way out needs a VPC endpoint for {endpoint.service}"
    return f"Check the network and its firewall; {way_out}"


def _correct_endpoint(advice: str, endpoint: Endpoint) -> str:
    other = f"correct or unset {endpoint.set_by}" if endpoint.set_by else ""
    return _capital("; or ".join(filter(None, (advice, other))) or "Check any proxy")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
