"""What is the fault of a setting is called so, by the setting's name; so are expired sessions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from botocore import credentials as boto_credentials
from botocore import tokens
from botocore.config import Config

from agentcore_memory_async import AccessDeniedError, InvalidInputError
from agentcore_memory_async._transport.botocore import BotocoreTransport
from tests.transport.providers import (
    BASE,
    KEYS_OF_ENV,
    NO_METADATA,
    PAST,
    ROLE,
    RUN_PROCESS,
    SESSION,
    SSO_PROFILE,
    SSO_ROLE,
    Machine,
    cached,
    token_file,
)

if TYPE_CHECKING:
    from pathlib import Path

SOURCED = f"{ROLE.format('reader')}source_profile = base\n"

FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "no such profile": ({"environment": {"AWS_PROFILE": "gone"}}, "AWS_PROFILE: .*gone"),
    "malformed config": ({"more": "[broken\nx"}, "{root}/config"),
    "malformed credentials": ({"credentials": "[default\nx"}, "{root}/credentials"),
    "malformed credentials of a role": (
        {"profile": SOURCED, "credentials": "novalue\n"},
        "{root}/credentials",
    ),
    "source_profile does not exist": ({"profile": SOURCED}, 'source_profile "base"'),
    "role without a source": ({"profile": ROLE.format("r")}, "source_profile or credential_source"),
    "role with two sources": (
        {"profile": f"{SOURCED}credential_source = Environment", "more": BASE},
        "source_profile and credential_source",
    ),
    "unknown credential_source": (
        {"profile": f"{ROLE.format('r')}credential_source = Bogus"},
        "credential source .Bogus",
    ),
    "source without credentials": (
        {"profile": SOURCED, "more": "[profile base]\n"},
        'source profile "base"',
    ),
    "roles in a circle": (
        {"profile": SOURCED, "more": f"[profile base]\n{ROLE.format('b')}source_profile = default"},
        "base",
    ),
    "no token file": (
        {"profile": f"{ROLE.format('w')}web_identity_token_file = {{root}}/none"},
        "web_identity_token_file of profile default: .*{root}/none",
    ),
    "no token file of the environment": (
        {
            "environment": {
                "AWS_WEB_IDENTITY_TOKEN_FILE": "{root}/none",
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web",
            }
        },
        "AWS_WEB_IDENTITY_TOKEN_FILE: .*{root}/none",
    ),
    "token file without a role": (
        {"profile": "web_identity_token_file = {root}/none"},
        "role_arn",
    ),
    "no such process": (
        {"profile": "credential_process = /none/such --now"},
        "credential_process of profile default: .*/none/such",
    ),
    "process without an end quote": (
        {"profile": "credential_process = run 'it"},
        "No closing quotation",
    ),
    "container elsewhere": (
        {"environment": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/"}},
        "evil.example",
    ),
    "container without its token": (
        {
            "environment": {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{root}/none",
            }
        },
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: .*{root}/none",
    ),
    "no such sso-session": ({"profile": SSO_PROFILE}, 'sso-session does not exist: "corp"'),
    "single sign-on without a region": (
        {"profile": f"sso_start_url = https://x\n{SSO_ROLE}"},
        "sso_region",
    ),
    "single sign-on of two minds": (
        {"profile": f"{SSO_PROFILE}sso_region = us-east-1", "more": SESSION},
        "sso_region is inconsistent",
    ),
    "metadata endpoint": (
        {"environment": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "no url"}},
        "AWS_EC2_METADATA_SERVICE_ENDPOINT: .*no url",
    ),
    "metadata mode": (
        {"environment": {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"}},
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: .*ipv5",
    ),
    "time-out in words": (
        {"profile": "metadata_service_timeout = soon"},
        "metadata_service_timeout of profile default: .*soon",
    ),
    "attempts in words": (
        {"environment": {"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "some"}},
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS: .*some",
    ),
    "endpoints of STS": (
        {"profile": f"{SOURCED}sts_regional_endpoints = bogus", "more": BASE},
        "sts_regional_endpoints of profile default",
    ),
    "retries": (
        {"profile": f"{SOURCED}retry_mode = bogus", "more": BASE},
        "retry_mode of profile default",
    ),
    "endpoint of STS": (
        {"profile": SOURCED, "more": BASE, "environment": {"AWS_ENDPOINT_URL_STS": "nonsense"}},
        "AWS_ENDPOINT_URL_STS: .*nonsense",
    ),
    "region": ({"environment": {"AWS_REGION": "us west"}}, "AWS_REGION: .*us west"),
    "region of a profile": (
        {"profile": "region = us/west"},
        "region of profile default: .*us/west",
    ),
    "defaults mode": (
        {"environment": {"AWS_DEFAULTS_MODE": "bogus", **KEYS_OF_ENV}},
        "AWS_DEFAULTS_MODE: .*bogus",
    ),
    "bundle": (
        {"environment": {"AWS_CA_BUNDLE": "{root}/none", **KEYS_OF_ENV}},
        "AWS_CA_BUNDLE: .*{root}/none",
    ),
    "external id": (
        {"profile": f"{SOURCED}external_id = x", "more": BASE},
        "ExternalId, value: 1, valid min length: 2$",
    ),
    "duration of a role": (
        {"profile": f"{SOURCED}duration_seconds = 5", "more": BASE},
        "DurationSeconds, value: 5",
    ),
    "no ARN": ({"profile": "role_arn = r\nsource_profile = base", "more": BASE}, "RoleArn"),
    "empty token file": (
        {
            "profile": f"{ROLE.format('w')}web_identity_token_file = {{root}}/empty",
            "files": {"empty": ""},
        },
        "WebIdentityToken, value: 0",
    ),
    "expiry in words": (
        {
            "environment": {
                **KEYS_OF_ENV,
                "AWS_SESSION_TOKEN": "t",
                "AWS_CREDENTIAL_EXPIRATION": "soon",
            }
        },
        "AWS_CREDENTIAL_EXPIRATION: .*soon",
    ),
    "bundle of a profile": (
        {"profile": "ca_bundle = {root}/none", "environment": KEYS_OF_ENV},
        "ca_bundle of profile default: .*{root}/none",
    ),
}
"""Files and variables, and what the text names."""
if hasattr(boto_credentials, "LoginProvider") and boto_credentials.EC is None:
    FAULTS["login without its extra"] = ({"profile": "login_session = x"}, r"botocore\[crt\]")

EXPIRED = json.dumps(
    {
        "Version": 1,
        "AccessKeyId": "K",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": PAST,
    }
)
"""What a process prints."""


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the credentials away."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def set_up(fields: dict[str, object], root: Path, patch: pytest.MonkeyPatch) -> None:
    """Make this the machine of *fields*."""
    machine = Machine(root, **fields)  # type: ignore[arg-type]
    machine.write()
    for name, value in {**NO_METADATA, **machine.environment}.items():
        patch.setenv(name, value.replace("{root}", str(root)))


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_a_setting_names_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting's fault is an invalid argument, whose text has the setting or its value."""
    fields, named = FAULTS[name]
    set_up(fields, tmp_path, monkeypatch)
    with pytest.raises(InvalidInputError) as caught:
        await BotocoreTransport(endpoint_url="http://127.0.0.1:9").open()
    assert re.search(named.replace("{root}", re.escape(str(tmp_path))), str(caught.value))
    assert caught.value.__cause__ is None


async def test_a_clients_certificate_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file of the certificate, and that of its key."""
    set_up({"environment": KEYS_OF_ENV}, tmp_path, monkeypatch)
    (tmp_path / "there").touch()
    for given in (f"{tmp_path}/none", (f"{tmp_path}/there", f"{tmp_path}/none")):
        transport = BotocoreTransport(config=Config(client_cert=given))
        with pytest.raises(InvalidInputError, match=f"{tmp_path}/none"):
            await transport.open()


SIGN_ON: dict[str, object] = {"profile": SSO_PROFILE, "more": SESSION}
START = "https://portal.example/start"
ENDED: dict[str, tuple[dict[str, object], str, str]] = {
    "no token": (SIGN_ON, "aws sso login --profile default", "expired or is missing"),
    "an expired token": (
        {**SIGN_ON, "files": {cached("corp"): token_file(START, PAST)}},
        "aws sso login --profile default",
        "expired or is missing",
    ),
    "an expired token of a profile": (
        {
            **SIGN_ON,
            "name": "dev",
            "environment": {"AWS_PROFILE": "dev"},
            "files": {cached("corp"): token_file(START, PAST)},
        },
        "aws sso login --profile dev",
        "expired or is missing",
    ),
    "an expired token of a role's source": (
        {
            "profile": f"{ROLE.format('r')}source_profile = p\n",
            "more": f"[profile p]\n{SSO_PROFILE}{SESSION}",
            "files": {cached("corp"): token_file(START, PAST)},
        },
        "aws sso login --profile p",
        "expired or is missing",
    ),
    "an expired token without a session": (
        {
            "profile": f"sso_start_url = {START}\nsso_region = eu-west-1\n{SSO_ROLE}",
            "files": {cached(START): token_file(START, PAST)},
        },
        "aws sso login --profile default",
        "expired or is missing",
    ),
    "keys with an expiry": (
        {
            "environment": {
                **KEYS_OF_ENV,
                "AWS_SESSION_TOKEN": "t",
                "AWS_CREDENTIAL_EXPIRATION": PAST,
            }
        },
        "Get new ones",
        "expired at 2020-01-01 00:00:00 UTC",
    ),
    "a process": (
        {"profile": RUN_PROCESS, "files": {"process.py": f"print({EXPIRED!r})"}},
        "Get new ones",
        "expired at 2020-01-01 00:00:00 UTC",
    ),
}
"""Files and variables, the hint, and what is said of them."""


@pytest.mark.parametrize("name", ENDED)
async def test_what_has_expired_is_called_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that has ended names the command that renews it; expired keys name the time."""
    fields, hint, words = ENDED[name]
    for cls in (boto_credentials.SSOProvider, tokens.SSOTokenProvider):
        monkeypatch.setattr(cls, "_SSO_TOKEN_CACHE_DIR", str(tmp_path / "sso"))
    set_up(fields, tmp_path, monkeypatch)
    with pytest.raises(AccessDeniedError, match=words) as caught:
        await BotocoreTransport(endpoint_url="http://127.0.0.1:9").open()
    assert hint in caught.value.hint
    assert 0 == caught.value.status
