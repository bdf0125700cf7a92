"""Every way in which botocore gets credentials, as files and variables of a machine."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

import attrs

from tests.transport.aws_network import FAR

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "role_arn = arn:aws:iam::123456789012:role/{}\n"
KEYS = "aws_access_key_id = {}\naws_secret_access_key = s\n"
SSO_ROLE = "sso_account_id = 123456789012\nsso_role_name = reader\n"
SSO_PORTAL = "sso_start_url = https://portal.example/start\nsso_region = ap-southeast-2\n"
PAST = "2020-01-01T00:00:00Z"


@attrs.define
class Machine:
    """
    What a provider finds.

    Attributes:
        root: Directory of all files.
        profile: Lines of the profile in use, which is *default* where no other is named.
        more: Other sections of the config file.
        credentials: The shared credentials file.
        environment: Variables; ``{root}`` in them is the directory, ``{host}`` a container's host.
        files: Other files, by name.
        name: Name of the profile in use.
    """

    root: Path
    profile: str = ""
    more: str = ""
    credentials: str = ""
    environment: dict[str, str] = attrs.field(factory=dict)
    files: dict[str, str] = attrs.field(factory=dict)
    name: str = "default"

    def write(self) -> None:
        """Write the files."""
        section = "default" if self.name == "default" else f"profile {self.name}"
        config = f"[{section}]\n{self.profile}\n{self.more}\n"
        files = {**self.files, "config": config, "credentials": self.credentials}
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{root}", str(self.root)))


@attrs.frozen
class Provider:
    """
    One way to credentials.

    Attributes:
        key_id: Key that requests to the service are signed with.
        machine: Fields of the `Machine`.
        session: Arguments of the caller's session; without any, the caller gives none.
        hosts: Hosts that are asked before the service, in order, with ``{region}`` and ``{host}``.
        unsigned: Whether requests are not signed.
    """

    key_id: str
    machine: dict[str, Any]
    session: dict[str, str] = attrs.field(factory=dict)
    hosts: tuple[str, ...] = ()
    unsigned: bool = False


def token_file(start_url: str, expires: str, **more: str) -> str:
    """Return a cached token of single sign-on."""
    token = {"startUrl": start_url, "accessToken": "ssotoken", "expiresAt": expires}
    return json.dumps({**token, "region": "ap-southeast-2", **more})


def cached(key: str) -> str:
    """Return the name of the file in which the token of *key* is cached."""
    return f"sso/{hashlib.sha1(key.encode()).hexdigest()}.json"


PROCESS = json.dumps({"Version": 1, "AccessKeyId": "PROCESSKEY", "SecretAccessKey": "s"})
RUN_PROCESS = f"credential_process = {sys.executable} {{root}}/process.py\n"
PROCESS_FILES = {"process.py": f"print({PROCESS!r})"}
SESSION = f"[sso-session corp]\n{SSO_PORTAL}sso_registration_scopes = sso:account:access\n"
SSO_PROFILE = f"sso_session = corp\n{SSO_ROLE}"
SSO_FILES = {cached("corp"): token_file("https://portal.example/start", FAR)}
CAN_REFRESH = {
    "refreshToken": "r",
    "clientId": "c",
    "clientSecret": "s",
    "registrationExpiresAt": FAR,
}
STS = "sts.{region}.amazonaws.com"
PORTAL = "portal.sso.ap-southeast-2.amazonaws.com"
CONTAINER = "{host}"
IMDS = ("169.254.169.254",) * 3
BASE = f"[profile base]\n{KEYS.format('BASEKEY')}"
WEB = "web_identity_token_file = {root}/jwt\n"
JWT = {"jwt": "thetoken"}
NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}
METADATA = {"AWS_EC2_METADATA_DISABLED": "false"}
KEYS_OF_ENV = {"AWS_ACCESS_KEY_ID": "ENVKEY", "AWS_SECRET_ACCESS_KEY": "s"}

PROVIDERS: dict[str, Provider] = {
    "arguments": Provider(
        "ARGUMENTKEY",
        {"environment": KEYS_OF_ENV},
        {"aws_access_key_id": "ARGUMENTKEY", "aws_secret_access_key": "s"},
    ),
    "environment": Provider("ENVKEY", {"environment": KEYS_OF_ENV}),
    "shared file": Provider("FILEKEY", {"credentials": f"[default]\n{KEYS.format('FILEKEY')}"}),
    "config file": Provider("CONFIGKEY", {"profile": KEYS.format("CONFIGKEY")}),
    "named profile": Provider(
        "NAMEDKEY",
        {
            "credentials": f"[dev]\n{KEYS.format('NAMEDKEY')}",
            "name": "dev",
            "environment": {"AWS_PROFILE": "dev"},
        },
    ),
    "profile of the session": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}source_profile = base\n",
            "more": BASE,
            "name": "dev",
            "environment": KEYS_OF_ENV,
        },
        {"profile_name": "dev"},
        (STS,),
    ),
    "role of a profile": Provider(
        "KEYOFREADER",
        {"profile": f"{ROLE.format('reader')}source_profile = base\n", "more": BASE},
        hosts=(STS,),
    ),
    "chain of roles": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}source_profile = middle\n",
            "more": f"[profile middle]\n{ROLE.format('middle')}source_profile = base\n{BASE}",
        },
        hosts=(STS, STS),
    ),
    "role of itself": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}source_profile = default\n",
            "credentials": f"[default]\n{KEYS.format('FILEKEY')}",
        },
        hosts=(STS,),
    ),
    "role of the environment": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}credential_source = Environment\n",
            "environment": {"AWS_PROFILE": "dev", **KEYS_OF_ENV},
            "name": "dev",
        },
        {"profile_name": "dev"},
        (STS,),
    ),
    "role of an instance": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}credential_source = Ec2InstanceMetadata\n",
            "environment": METADATA,
        },
        hosts=(*IMDS, STS),
    ),
    "role of a container": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}credential_source = EcsContainer\n",
            "environment": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container"},
        },
        hosts=(CONTAINER, STS),
    ),
    "role of a process": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}source_profile = p\n",
            "more": f"[profile p]\n{RUN_PROCESS}",
            "files": PROCESS_FILES,
        },
        hosts=(STS,),
    ),
    "role of single sign-on": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}source_profile = p\n",
            "more": f"[profile p]\n{SSO_PROFILE}{SESSION}",
            "files": SSO_FILES,
        },
        hosts=(PORTAL, STS),
    ),
    "role of a web identity": Provider(
        "KEYOFREADER",
        {
            "profile": f"{ROLE.format('reader')}source_profile = p\n",
            "more": f"[profile p]\n{ROLE.format('web')}{WEB}",
            "files": JWT,
        },
        hosts=(STS, STS),
    ),
    "web identity of the environment": Provider(
        "KEYOFWEB",
        {
            "environment": {
                "AWS_WEB_IDENTITY_TOKEN_FILE": "{root}/jwt",
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web",
                "AWS_ROLE_SESSION_NAME": "pod",
            },
            "files": JWT,
        },
        hosts=(STS,),
    ),
    "web identity of a profile": Provider(
        "KEYOFWEB", {"profile": ROLE.format("web") + WEB, "files": JWT}, hosts=(STS,)
    ),
    "single sign-on": Provider(
        "SSOKEY", {"profile": SSO_PROFILE, "more": SESSION, "files": SSO_FILES}, hosts=(PORTAL,)
    ),
    "single sign-on, refreshed": Provider(
        "SSOKEY",
        {
            "profile": SSO_PROFILE,
            "more": SESSION,
            "files": {
                cached("corp"): token_file("https://portal.example/start", PAST, **CAN_REFRESH)
            },
        },
        hosts=("oidc.ap-southeast-2.amazonaws.com", PORTAL),
    ),
    "single sign-on without a session": Provider(
        "SSOKEY",
        {
            "profile": SSO_PORTAL + SSO_ROLE,
            "files": {
                cached("https://portal.example/start"): token_file(
                    "https://portal.example/start", FAR
                )
            },
        },
        hosts=(PORTAL,),
    ),
    "process": Provider("PROCESSKEY", {"profile": RUN_PROCESS, "files": PROCESS_FILES}),
    "container, relative": Provider(
        "CONTAINERKEY",
        {"environment": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container"}},
        hosts=(CONTAINER,),
    ),
    "container, full": Provider(
        "CONTAINERKEY",
        {
            "environment": {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://{host}/container",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{root}/jwt",
            },
            "files": JWT,
        },
        hosts=(CONTAINER,),
    ),
    "instance": Provider("INSTANCEKEY", {"environment": METADATA}, hosts=IMDS),
    "file of EC2": Provider(
        "OLDKEY",
        {
            "environment": {"AWS_CREDENTIAL_FILE": "{root}/ec2"},
            "files": {"ec2": "AWSAccessKeyId=OLDKEY\nAWSSecretKey=s\n"},
        },
    ),
    "file of boto 2": Provider(
        "BOTOKEY",
        {
            "environment": {"BOTO_CONFIG": "{root}/boto"},
            "files": {"boto": f"[Credentials]\n{KEYS.format('BOTOKEY')}"},
        },
    ),
    "anonymous": Provider("", {}, unsigned=True),
}
"""All providers that botocore has, but ``aws login``, which needs its extra ``crt``."""

ORIGINS = (
    "argument",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "profile",
    "default",
    "aws_session",
    "config",
    "argument before profile",
    "AWS_REGION before profile",
)
"""Where the region comes from; *before* another one that differs."""
REGION = "eu-central-1"
"""Region of every origin but the default one."""
