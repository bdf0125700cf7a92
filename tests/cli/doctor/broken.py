"""Set-ups that are broken, by the names that the page on the doctor gives them."""

from __future__ import annotations

import asyncio
import shutil
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.cli._doctor import looking
from agentcore_memory_async.cli._doctor.requests import reads
from agentcore_memory_async.local import Lags, ManualClock
from agentcore_memory_async.testing import FakeTransport
from tests.cli.doctor.scenes import MEMORY, without_network
from tests.control.doubles import FACTS, answer
from tests.transport.test_proxies import closed_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.doctor.scenes import Scene

    Break = Callable[[Scene], Any]

NOT_ALLOWED = (
    "User: arn:aws:sts::123456789012:assumed-role/agent/secretrole is not authorized to perform: "
    "bedrock-agentcore:{0} on resource: arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/"
    f"{MEMORY}"
)
"""Text of the service for a missing permission."""
BY_NO_POLICY = " because no identity-based policy allows the bedrock-agentcore:{0} action"
SSO = (
    "[profile work]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = reader\n"
    "[sso-session corp]\nsso_start_url = https://portal.example/start\nsso_region = us-west-2\n"
)


def refuse(scene: Scene, operation: str | None, code: str, text: str = "") -> None:
    """Let the service refuse an operation."""
    scene.service.fail(code, status=403, message=text, operation=operation)


def deny(scene: Scene, operation: str, reason: str = BY_NO_POLICY) -> None:
    """Let the service deny an operation."""
    text = (NOT_ALLOWED + reason).format(operation)
    refuse(scene, operation, "AccessDeniedException", text)


def no_credentials(scene: Scene) -> None:
    """Remove the credentials."""
    scene.unset("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def failing_process(scene: Scene) -> None:
    """Let a program that fails give the credentials."""
    no_credentials(scene)
    command = f"{sys.executable} -c \"import sys; sys.exit('CANARYSECRET')\""
    scene.write_config(f"[default]\ncredential_process = {command}\n")


def expired_login(scene: Scene) -> None:
    """Name a profile of single sign-on, without a session."""
    no_credentials(scene)
    scene.write_config(SSO)
    scene.patch.setenv("AWS_PROFILE", "work")
    scene.patch.setenv("HOME", str(scene.folder))


def unknown_profile(scene: Scene) -> None:
    """Misspell the profile."""
    scene.write_config("[profile work]\nregion = us-west-2\n")
    scene.patch.setenv("AWS_PROFILE", "wok")


def unknown_region(scene: Scene) -> None:
    """Misspell the region, on a machine that knows names of AWS."""
    scene.unset_endpoints()
    scene.patch.setenv("AWS_REGION", "us-wset-2")
    names = (f"{each}.us-east-1.amazonaws.com" for each in SERVICES)
    without_network(scene.patch, *names)


SERVICES = ("bedrock-agentcore", "bedrock-agentcore-control")


def other_region(scene: Scene) -> None:
    """Name the memory by its ARN, in another region."""
    scene.unset_endpoints()
    arn = f"arn:aws:bedrock-agentcore:eu-central-1:123456789012:memory/{MEMORY}"
    scene.ask(memory=arn)


def no_region(scene: Scene) -> None:
    """Set no region."""
    scene.unset_endpoints()
    scene.unset("AWS_REGION", "AWS_DEFAULT_REGION")
    scene.also.add("connection")


def dead_service_in_config(scene: Scene) -> None:
    """Let the config file name an endpoint where nothing runs."""
    scene.unset_endpoints()
    url = f"endpoint_url = http://127.0.0.1:{closed_port()}\n"
    names = ("bedrock_agentcore", "bedrock_agentcore_control")
    sections = "".join(f"{name} =\n  {url}" for name in names)
    scene.write_config(f"[default]\nservices = local\n[services local]\n{sections}")


def preceding_keys(scene: Scene) -> None:
    """Name a profile beside credentials of the environment."""
    scene.write_config("[profile work]\nregion = us-west-2\n")
    scene.patch.setenv("AWS_PROFILE", "work")


async def serve(scene: Scene, answer: bytes | None, **options: Any) -> int:
    """Start a server with one answer to everything, or none, and return its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        scene.on_end(writer.transport.abort)
        await reader.readuntil(b"\r\n\r\n")
        if answer is not None:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, **options)
    scene.on_end(server.close)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def silent_server(scene: Scene) -> None:
    """Point to a server that never answers."""
    scene.patch.setattr(looking, "TIMEOUT_S", 0.1)
    scene.point_to(f"http://127.0.0.1:{await serve(scene, None)}")


async def other_server(scene: Scene) -> None:
    """Point to a server that knows nothing of AgentCore."""
    port = await serve(scene, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    scene.point_to(f"http://127.0.0.1:{port}")


def dead_proxy(scene: Scene) -> None:
    """Name a proxy that does not run."""
    scene.point_to("https://memory.invalid")
    scene.patch.setenv("HTTPS_PROXY", f"http://user:CANARYPASSWORD@127.0.0.1:{closed_port()}")


def ignored_endpoints(scene: Scene) -> None:
    """Let botocore pass over the endpoint of the environment."""
    scene.point_to(scene.service.endpoint_url)
    scene.patch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    scene.also.add("connection")


def preceding_variable(scene: Scene) -> None:
    """Name an endpoint in the config file, too."""
    scene.point_to(scene.service.endpoint_url)
    scene.write_config("[default]\nendpoint_url = http://127.0.0.1:9\n")


def half_local(scene: Scene) -> None:
    """Leave the control plane at AWS."""
    scene.unset("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL")
    scene.also.add("connection")


def replace_memory(scene: Scene, **members: Any) -> None:
    """Answer GetMemory with another memory."""
    scene.control = fake = FakeTransport()
    fake.reply("GetMemory", answer(**members))
    fake.reply("ListMemories", {"memories": []})
    fake.date = datetime.now(UTC)


async def new_memory(scene: Scene) -> None:
    """Make a memory that is not ready."""
    async with scene.service.control() as control:
        memory = await control.create_memory("new", wait=False)
    scene.ask(memory=memory.memory_id)
    scene.also.add("strategies")


async def new_strategy(scene: Scene) -> None:
    """Show a strategy that is not ready."""
    replace_memory(scene, strategies=[{**FACTS, "status": "CREATING"}])


async def bare_memory(scene: Scene) -> None:
    """Make a memory that extracts nothing."""
    async with scene.service.control() as control:
        memory = await control.create_memory("bare")
    scene.ask(memory=memory.memory_id)


async def failed_job(scene: Scene) -> None:
    """Let an extraction fail."""
    scene.service.fail_extraction(strategy="facts")
    async with scene.service.manager(MEMORY) as manager:
        session = await manager.create_memory_session("anna", "chat001")
        await session.add_turns([{"role": "user", "content": "I only fly window seats"}])
    await scene.service.drain()


def missing_bundle(scene: Scene) -> None:
    """Name a bundle of authorities that is not there."""
    scene.point_to("https://localhost:9")
    scene.patch.setenv("AWS_CA_BUNDLE", str(scene.folder / "no.pem"))


async def untrusted(scene: Scene) -> None:
    """Point to a server whose certificate nobody issued."""
    context = scene.authority.context("localhost", self_signed=True)
    scene.point_to(f"https://localhost:{await serve(scene, None, ssl=context)}")


def patched(scene: Scene) -> None:
    """Patch asyncio as nest_asyncio does."""
    scene.patch.setattr(asyncio, "_nest_patched", True, raising=False)


def broken_config(scene: Scene) -> None:
    """Write a config file that is none."""
    scene.write_config("CANARYSECRET")


def deny_reads(scene: Scene) -> None:
    """Deny all actions of the data plane that read."""
    for operation in reads(scene.asked):
        deny(scene, operation)


def denied_write(scene: Scene) -> None:
    """Deny an action that writes, and let the doctor write."""
    scene.ask(write=True)
    deny(scene, "CreateEvent")


def throttle(scene: Scene) -> None:
    """Let the service throttle one operation."""
    scene.service.fail("ThrottledException", operation="ListEvents")


def packages(**changes: tuple[str, ...] | None) -> Break:
    """Return what installs other packages."""

    def install(scene: Scene) -> None:
        shutil.rmtree(scene.folder / "site")
        scene.install(**changes)

    return install


def asking(**changes: Any) -> Break:
    """Return what asks for something else."""
    return lambda scene: scene.ask(**changes)


def clock_ahead() -> dict[str, Any]:
    """Return the options of a service whose clock is ten minutes ahead of this machine's."""
    return {"clock": ManualClock(datetime.now(UTC) + timedelta(minutes=10))}


SERVICE_OPTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "a clock that is ten minutes behind": clock_ahead,
    "a clock by which signatures are refused": clock_ahead,
    "a memory that is being created": lambda: {"lags": Lags(provisioning=600)},
}
"""Options of the service, by set-up."""
SETUPS: dict[str, Break] = {
    "no credentials": no_credentials,
    "an access key without its secret": lambda scene: scene.unset("AWS_SECRET_ACCESS_KEY"),
    "a `credential_process` that fails": failing_process,
    "single sign-on that has expired": expired_login,
    "variables that precede the profile": preceding_keys,
    "a session token that has expired": partial(
        refuse, operation=None, code="ExpiredTokenException"
    ),
    "the secret of another access key": partial(
        refuse, operation=None, code="InvalidSignatureException"
    ),
    "an access key that AWS does not know": partial(
        refuse, operation=None, code="UnrecognizedClientException"
    ),
    "a profile that does not exist": unknown_profile,
    "a config file that cannot be read": broken_config,
    "a CA bundle that is not there": missing_bundle,
    "a region that does not exist": unknown_region,
    "a region that botocore does not know": unknown_region,
    "a memory of another region": other_region,
    "no region at all": no_region,
    "no network": lambda scene: scene.unset_endpoints(),
    "an endpoint whose name cannot be resolved": lambda scene: scene.point_to(
        "https://memory.invalid"
    ),
    "an endpoint where nothing runs": lambda scene: scene.point_to(
        f"http://127.0.0.1:{closed_port()}"
    ),
    "an endpoint of another server": other_server,
    "an endpoint of https without TLS": lambda scene: scene.point_to(
        scene.service.endpoint_url.replace("http:", "https:")
    ),
    "an endpoint that does not answer": silent_server,
    "a network whose sign-in page answers": lambda scene: scene.service.corrupt_body("html"),
    "a service that fails": lambda scene: scene.service.fail(
        "ServiceException", operation="ListActors"
    ),
    "a config file that names an endpoint": dead_service_in_config,
    "a certificate that is not trusted": untrusted,
    "a proxy that does not answer": dead_proxy,
    "endpoints that are passed over": ignored_endpoints,
    "a variable that precedes the config file": preceding_variable,
    "only one of the two services at the local one": half_local,
    "a clock that is ten minutes behind": lambda _: None,
    "a clock by which signatures are refused": partial(
        refuse, operation=None, code="RequestTimeTooSkewed"
    ),
    "a memory that does not exist": asking(memory="chat-0000000000"),
    "an id that is none": asking(memory="mem-1"),
    "a memory that is being created": new_memory,
    "a memory that could not be made": partial(
        replace_memory, status="FAILED", failureReason="the role cannot be assumed"
    ),
    "a strategy that is being made": new_strategy,
    "a strategy that could not be made": partial(
        replace_memory, strategies=[{**FACTS, "status": "FAILED"}]
    ),
    "a memory without strategies": bare_memory,
    "a namespace with another variable": asking(namespaces=("/facts/{userId}/",)),
    "a namespace with a typo": asking(namespaces=("/fact/{actorId}/",)),
    "a namespace without its last slash": asking(namespaces=("/facts/{actorId}",)),
    "no permission to read anything": deny_reads,
    "an action that is not allowed": partial(deny, operation="ListEvents"),
    "no permission to read the memory itself": partial(deny, operation="GetMemory"),
    "an action that a policy denies": partial(
        deny, operation="ListEvents", reason=" with an explicit deny in a service control policy"
    ),
    "a permissions boundary": partial(
        deny,
        operation="ListEvents",
        reason=" because no permissions boundary allows the bedrock-agentcore:{0} action",
    ),
    "an action to write that is not allowed (`--write`)": denied_write,
    "extraction jobs that failed": failed_job,
    "a service that throttles": throttle,
    "an aiobotocore that is too old": packages(aiobotocore=("2.9.0", "botocore<1.40.62,>=1.40.46")),
    "a boto3 that was upgraded alone": packages(botocore=("1.43.0",)),
    "an anyio that is too old": packages(anyio=("3.7.1",)),
    "an aiohttp that is too old": packages(aiohttp=("3.9.5",)),
    "neither aioboto3 nor aiobotocore": packages(aioboto3=None, aiobotocore=None),
    "a framework that is too old for its integration": packages(strands_agents=("1.0.0",)),
    "an old bedrock-agentcore": packages(bedrock_agentcore=("1.3.2",)),
    "an old langgraph-checkpoint-aws": packages(langgraph_checkpoint_aws=("1.1.1",)),
    "openai without sniffio": packages(sniffio=None, openai=("3.57.0", "sniffio")),
    "nest_asyncio": patched,
    "an old uvloop": packages(uvloop=("0.17.0",)),
}
"""What breaks a set-up, by its name on the page."""
