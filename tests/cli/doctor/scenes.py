"""A machine with a memory on the strict local service, which a test breaks in one way."""

from __future__ import annotations

import json
import os
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, distributions
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from agentcore_memory_async.cli._doctor import looking
from agentcore_memory_async.cli._doctor.diagnosis import diagnose
from agentcore_memory_async.cli._doctor.seen import Asked
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from importlib.metadata import Distribution
    from pathlib import Path

    import pytest

    from agentcore_memory_async._transport.base import Transport
    from agentcore_memory_async.cli._doctor.findings import Finding
    from tests.transport.conftest import Authority

MEMORY = "chat-a1B2c3D4e5"
SECRETS = (
    "CANARYSECRET",
    "CANARYTOKEN",
    "CANARYKEYID",
    "CANARYPASSWORD",
    "secretrole",
    "window seats",
)
"""What no finding shows: credentials, and what users said."""
PACKAGES = {
    "agentcore-memory-async": (
        "0.1.0",
        "aioboto3>=15.5",
        "aiohttp>=3.11.6",
        "anyio>=4.8",
        'strands-agents>=1.62; extra == "strands"',
    ),
    "aioboto3": ("15.5.0", "aiobotocore[boto3]==2.25.1"),
    "aiobotocore": ("2.25.1", "botocore<1.40.62,>=1.40.46", 'pywin32; sys_platform == "win32"'),
    "botocore": ("1.40.61",),
    "aiohttp": ("3.14.0",),
    "anyio": ("4.16.0",),
    "sniffio": ("1.3.1",),
}
"""Distributions that go together: version and requirements, by name."""


@define
class Scene:
    """
    A machine whose settings lead to a local service with a memory.

    Attributes:
        patch: Changes of the environment.
        folder: Folder of its files.
        service: Service, which has the memory `MEMORY`.
        asked: What the doctor is asked.
        control: Transport in place of the control plane's.
        authority: Authority of certificates.
        on_end: Is told what to call at the end.
        also: Checks that find a problem or a warning as well.
    """

    patch: pytest.MonkeyPatch
    folder: Path
    service: LocalMemoryService
    authority: Authority
    on_end: Callable[..., Any]
    asked: Asked = field(factory=lambda: Asked(MEMORY))
    control: Transport | None = None
    also: set[str] = field(factory=set)

    def ask(self, **changes: Any) -> None:
        """Change what the doctor is asked."""
        self.asked = evolve(self.asked, **changes)

    def unset(self, *names: str) -> None:
        """Remove variables of the environment."""
        for name in names:
            self.patch.delenv(name)

    def unset_endpoints(self) -> None:
        """Let requests go to AWS, which this machine does not reach."""
        self.unset(*(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")))

    def point_to(self, url: str) -> None:
        """Let the requests of both services go to *url*."""
        self.unset_endpoints()
        self.patch.setenv("AWS_ENDPOINT_URL", url)

    def write_config(self, text: str) -> None:
        """Write the config file of AWS."""
        (self.folder / "config").write_text(text)

    def install(self, **changes: tuple[str, ...] | None) -> None:
        """Install `PACKAGES` in a folder of their own, with *changes*; None for a missing one."""
        named = {name.replace("_", "-"): change for name, change in changes.items()}
        for name, package in {**PACKAGES, **named}.items():
            if package is not None:
                self._write_metadata(name, *package)
        self.patch.setattr(looking, "distribution", partial(_find, self.folder / "site"))

    def _write_metadata(self, name: str, version: str, *requires: str) -> None:
        folder = self.folder / "site" / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        head = ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}")
        lines = (*head, *(f"Requires-Dist: {each}" for each in requires))
        (folder / "METADATA").write_text("\n".join(lines) + "\n")

    async def diagnose(self) -> list[Finding]:
        """Return what the doctor finds."""

        @asynccontextmanager
        async def connect(service: str, *given: Any) -> AsyncGenerator[looking.Plane]:
            async with looking.connected(service, *given) as plane:
                given_one = self.control if service.endswith("control") else None
                yield evolve(plane, transport=given_one or plane.transport)

        return await diagnose(self.asked, connect=connect)


def _find(site: Path, name: str) -> Distribution:
    """Return an installed distribution of a folder."""
    for found in distributions(name=name, path=[str(site)]):
        return found
    raise PackageNotFoundError(name)


def without_network(patch: pytest.MonkeyPatch, *known: str) -> None:
    """Let only this machine's own names be resolved, and the *known* ones."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in known:
            return look_up("127.0.0.1", port, *args, **options)
        if name not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, port, *args, **options)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)


@asynccontextmanager
async def opened(
    patch: pytest.MonkeyPatch, folder: Path, authority: Authority, **options: Any
) -> AsyncIterator[Scene]:
    """Yield a machine that is all right; *options* are those of its service."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.upper().endswith("_PROXY"):
            patch.delenv(name)
    seed = folder / "seed.jsonl"
    seed.write_text(json.dumps({"memory": {"id": MEMORY}}) + "\n")
    async with AsyncExitStack() as stack:
        service = LocalMemoryService(strict=True, seed=seed, **options)
        await stack.enter_async_context(service)
        settings = {
            **service.environment,
            "AWS_ACCESS_KEY_ID": "AKIACANARYKEYID01234",
            "AWS_SECRET_ACCESS_KEY": "CANARYSECRET",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in settings.items():
            patch.setenv(name, value)
        without_network(patch)
        scene = Scene(patch, folder, service, authority, stack.callback)
        scene.install()
        yield scene
