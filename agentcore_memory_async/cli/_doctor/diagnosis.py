"""
A diagnosis: what is looked at, in which order, and what is left out once it means nothing.

The machine first, which needs no network; then settings and credentials, by opening the clients;
then the service, by requests.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async._wire.service_model import CONTROL, SERVICE
from agentcore_memory_async.cli._doctor import failures, looking, packages, settings
from agentcore_memory_async.cli._doctor.findings import (
    all_unchecked,
    has_problem,
    ok,
    problem,
)
from agentcore_memory_async.cli._doctor.seen import Endpoint
from agentcore_memory_async.cli._doctor.service import ServiceVisit
from agentcore_memory_async.errors import AccessDeniedError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.cli._doctor.seen import Asked

    Connect = Callable[..., AbstractAsyncContextManager[looking.Plane]]

CHECKS = (
    *("python", "packages", "neighbors", "sniffio", "event loop"),
    *("settings", "credentials", "region", "endpoint", "connection", "clock"),
    *("memory", "strategies", "namespaces", "permissions", "extraction", "throttling"),
)
"""Names of the checks, in order."""


async def diagnose(asked: Asked, *, connect: Connect = looking.connected) -> list[Finding]:
    """
    Return what is wrong with a set-up, and what is not, in the order of `CHECKS`.

    Nothing is written unless *asked* says so.

    Args:
        asked: What to look at.
        connect: Opens the client of a service; another one for tests.
    """
    found = _check_machine(await run_in_thread(looking.installed_packages))
    reason = await _check_service(asked, connect, found)
    there = {finding.check for finding in found}
    found += all_unchecked((check for check in CHECKS if check not in there), reason)
    return sorted(found, key=lambda finding: CHECKS.index(finding.check))


def _check_machine(installed: dict[str, packages.Package]) -> list[Finding]:
    held_back = packages.check_held_back(installed)
    return [
        packages.check_python(sys.version_info[:2]),
        *packages.check_packages(installed),
        *(held_back or [ok("neighbors", "none is held back")]),
        packages.check_sniffio(installed),
        packages.check_event_loop(installed, is_patched=hasattr(asyncio, "_nest_patched")),
    ]


async def _check_service(asked: Asked, connect: Connect, found: list[Finding]) -> str:
    """Add to *found* what needs AWS's settings, and return why the rest was not checked."""
    services = SERVICE, CONTROL
    try:
        session, used = await run_in_thread(looking.usual_settings, asked, services)
    except ImportError as error:
        if not has_problem(found):
            cause = f"{error.name} cannot be imported: {type(error).__name__}"
            found.append(problem("packages", cause, 'pip install "aioboto3>=15.5"'))
        return "the packages do not go together"
    except InvalidInputError as error:
        profiles = await run_in_thread(looking.known_profiles)
        found.append(failures.explain_setting(error, profiles))
        return "the AWS configuration is unusable"
    async with AsyncExitStack() as stack:
        try:
            data, control = [
                await stack.enter_async_context(connect(service, asked, session, used))
                for service in services
            ]
        except (InvalidInputError, AccessDeniedError) as error:
            found.append(failures.explain(error, Endpoint(SERVICE, ""), asked))
            return f"no request can be made: see {found[-1].check}"
        endpoints = data.endpoint, control.endpoint
        found += [
            ok("settings", f"profiles: {', '.join(used.profiles) or 'none'}"),
            settings.check_credentials(endpoints[0], used),
            settings.check_region(endpoints[0], asked, used.regions),
            *settings.check_endpoints(endpoints, used),
        ]
        if settings.is_of_other_region(endpoints[0], asked):
            return "requests go to another region than the memory's"
        visit = ServiceVisit(asked, data, control, found)
        return await visit.check()
    raise AssertionError  # pragma: no cover - the stack swallows no error
