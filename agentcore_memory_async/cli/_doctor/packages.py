"""Python and the installed packages: whether they go together, and what a resolver held back."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from agentcore_memory_async.cli._doctor.findings import ok, problem, unchecked, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agentcore_memory_async.cli._doctor.findings import Finding

OWN = "agentcore-memory-async"
"""This distribution."""
STACK = (OWN, "aioboto3", "aiobotocore", "botocore", "aiohttp", "anyio")
"""Distributions whose requirements have to be met."""
_WITHOUT_AIOBOTO3 = Requirement("aiobotocore>=2.25.1")
"""What makes the clients where aioboto3 is left out: at least what that would bring."""
_FREE = Requirement("aiobotocore>=3.9.2")
"""What does not hold back boto3."""
HELD_BACK = {"bedrock-agentcore": "1.3.2", "langgraph-checkpoint-aws": "1.1.1"}
"""The newest versions beside the pins of aioboto3 15.5; docs/installation.md has the others."""
_SNIFFIO = "sniffio"
"""What anyio asks for the running library, where it is installed."""
_USE_SNIFFIO = ("openai", "anthropic", "httpx")
"""Distributions of which some versions import it."""
_UVLOOP = Requirement("uvloop>=0.23")
"""What the tests ran on."""
NEIGHBORS = (*HELD_BACK, _SNIFFIO, *_USE_SNIFFIO, "uvloop")
"""Distributions beside the stack that are looked at."""
TRIED_PYTHONS = ((3, 11), (3, 12), (3, 13))
"""Versions of Python on which the tests ran."""
_EXTRA = re.compile(r"""extra\s*==\s*["']([\w.-]+)["']""")
"""The extra in the marker of a requirement."""


@frozen
class Package:
    """
    An installed distribution.

    Attributes:
        version: Version.
        requires: Requirements, as its metadata has them.
    """

    version: str
    requires: tuple[str, ...] = ()


def check_python(version: tuple[int, int]) -> Finding:
    """Return whether the package works on a *version* of Python."""
    shown = ".".join(map(str, version))
    first, *_, last = (".".join(map(str, each)) for each in TRIED_PYTHONS)
    tried = f"{first} to {last}"
    if version < TRIED_PYTHONS[0]:
        return problem("python", f"Python {shown} is too old", f"Use Python {tried}")
    if version not in TRIED_PYTHONS:
        return warning("python", f"Python {shown} was not tried", f"Use Python {tried}")
    return ok("python", f"Python {shown}")


def check_packages(packages: Mapping[str, Package]) -> list[Finding]:
    """Return whether the *packages*, by name, are what this one and those below it require."""
    found = [*_unmet(packages), *_below_extras(packages)]
    if OWN not in packages:
        reason = f"{OWN} is not installed, but used from a folder: what it needs is not known"
        return [*found, unchecked("packages", reason, "pip install .")]
    there = ", ".join(f"{name} {packages[name].version}" for name in STACK if name in packages)
    return found or [ok("packages", there)]


def check_held_back(packages: Mapping[str, Package]) -> list[Finding]:
    """Return which neighbors a resolver went back with to keep to the pins of aioboto3."""
    return [
        warning(
            "neighbors",
            f"{name} {packages[name].version} is an old version, held back by aioboto3 "
            f"{packages['aioboto3'].version}, which pins a boto3 of 2025",
            f'pip uninstall aioboto3 && pip install --upgrade {name} "{_FREE}"; '
            "the page on installation has recipes for other tools",
        )
        for name, newest in HELD_BACK.items()
        if "aioboto3" in packages
        and name in packages
        and Version(packages[name].version) <= Version(newest)
    ]


def check_sniffio(packages: Mapping[str, Package]) -> Finding:
    """Return whether sniffio is there for those that import it."""
    if _SNIFFIO in packages:
        return ok(_SNIFFIO, f"sniffio {packages[_SNIFFIO].version}, which anyio asks")
    users = [
        name
        for name in _USE_SNIFFIO
        if name in packages
        and any(each.name == _SNIFFIO for each in _requirements(packages[name].requires))
    ]
    if users:
        cause = f"{' and '.join(users)} import sniffio, which is not installed"
        return problem(_SNIFFIO, cause, "pip install sniffio")
    return ok(_SNIFFIO, "not installed, and nothing here needs it")


def check_event_loop(packages: Mapping[str, Package], *, is_patched: bool) -> Finding:
    """
    Return whether programs here run on an event loop that was tried.

    Args:
        packages: Installed distributions by name.
        is_patched: Whether nest_asyncio has patched asyncio.
    """
    if is_patched:
        cause = "nest_asyncio has patched asyncio, so that callbacks run inside of others"
        cure = "Remove nest_asyncio.apply(); notebooks can await, and scripts use the sync facade"
        return warning("event loop", cause, cure)
    uvloop = packages.get(_UVLOOP.name)
    if uvloop and uvloop.version not in _UVLOOP.specifier:
        cause = f"uvloop {uvloop.version} was not tried"
        return warning("event loop", cause, f'pip install "{_UVLOOP}"')
    return ok("event loop", f"asyncio{f', or uvloop {uvloop.version}' if uvloop else ''}")


def _requirements(texts: tuple[str, ...], extra: str = "") -> list[Requirement]:
    """Return the requirements that apply on this machine, or those that *extra* adds."""
    made = parsed(text for text in texts if bool(_EXTRA.search(text)) == bool(extra))
    return [each for each in made if not each.marker or each.marker.evaluate({"extra": extra})]


def _is_met(requirement: Requirement, packages: Mapping[str, Package]) -> bool:
    package = packages.get(normalized(requirement.name))
    return package is not None and requirement.specifier.contains(package.version, prereleases=True)


def _unmet(packages: Mapping[str, Package]) -> Iterator[Finding]:
    """Yield what the stack requires and what is not there."""
    for owner in STACK:
        if owner not in packages:
            continue
        for requirement in _requirements(packages[owner].requires):
            name = normalized(requirement.name)
            if name == "aioboto3" and name not in packages:
                requirement, name = _WITHOUT_AIOBOTO3, _WITHOUT_AIOBOTO3.name
            if _is_met(requirement, packages):
                continue
            there = f"{packages[name].version} is installed" if name in packages else "missing"
            cause = f"{owner} {packages[owner].version} needs {shown(requirement)}: {there}"
            yield problem("packages", cause, f'pip install "{shown(requirement)}"')


def _below_extras(packages: Mapping[str, Package]) -> Iterator[Finding]:
    """Yield what is installed and older than the integration with it needs."""
    texts = packages[OWN].requires if OWN in packages else ()
    extras = {found[1] for text in texts if (found := _EXTRA.search(text))}
    for extra in sorted(extras):
        for requirement in _requirements(texts, extra):
            name = normalized(requirement.name)
            if name in packages and not _is_met(requirement, packages):
                cause = (
                    f"{name} {packages[name].version} is too old for the extra {extra}, "
                    f"which needs {shown(requirement)}"
                )
                yield warning("packages", cause, f'pip install "{shown(requirement)}"')


def shown(requirement: Requirement) -> str:
    """Return a requirement without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def parsed(texts: Iterable[str]) -> list[Requirement]:
    """Return requirements, without those that old metadata wrote in its own way."""
    found: list[Requirement] = []
    for text in texts:
        with suppress(InvalidRequirement):
            found.append(Requirement(text))
    return found


def normalized(name: str) -> str:
    """Return the name by which distributions are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()
