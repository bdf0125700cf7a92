"""
The service: one request to each plane judges the connection, the others the memory.

What an answer means is decided in the modules of the checks; here it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import anyio
from attrs import define, evolve

from agentcore_memory_async._wire import job_codec, memory_codec
from agentcore_memory_async._wire.unreadable import check_on_unreadable
from agentcore_memory_async.cli._doctor import failures, permissions, requests
from agentcore_memory_async.cli._doctor.findings import ok, unchecked
from agentcore_memory_async.cli._doctor.looking import resolves_elsewhere
from agentcore_memory_async.cli._doctor.memory import check_jobs, check_memory, check_strategies
from agentcore_memory_async.cli._doctor.namespaces import check_namespaces
from agentcore_memory_async.cli._doctor.settings import check_clock
from agentcore_memory_async.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.cli._doctor.looking import Plane
    from agentcore_memory_async.cli._doctor.seen import Asked, Reply
    from agentcore_memory_async.models import Memory

_OF_ALL = frozenset({"settings", "credentials", "region", "clock"})
"""Checks whose problem keeps every request from succeeding."""
_SKIP = check_on_unreadable("skip")
"""What judges a strategy or a job that cannot be read."""


@define
class ServiceVisit:
    """
    What is asked of the service in one diagnosis.

    Attributes:
        asked: What to look at.
        data: Data plane, which programs use.
        control: Control plane, which has the memory's strategies.
        found: Findings, which are added to.
    """

    asked: Asked
    data: Plane
    control: Plane
    found: list[Finding]

    async def check(self) -> str:
        """Add what is found, and return why the rest was not checked."""
        reads = requests.reads(self.asked)
        firsts = [(self.control, await self.control.ask(*requests.first_of_control(self.asked)))]
        if self.asked.memory:
            first = await self.data.ask(requests.FIRST, reads.pop(requests.FIRST))
            firsts.append((self.data, first))
        replies = [reply for _, reply in firsts]
        failed = {
            reply.operation: await self._explain(plane, reply)
            for plane, reply in firsts
            if reply.error and not reply.is_denied
        }
        self.found += dict.fromkeys(failed.values())
        blamed = {finding.check for finding in failed.values()}
        if stopping := blamed & _OF_ALL:
            return f"no request succeeds: see {min(stopping)}"
        self.found.append(check_clock(replies))
        if "connection" not in blamed:
            hosts = dict.fromkeys(plane.endpoint.host for plane, _ in firsts)
            self.found.append(ok("connection", f"{' and '.join(hosts)} answered"))
        if "memory" in blamed:
            return "the memory does not exist here"
        if not self.asked.memory:
            cure = "--memory or AGENTCORE_MEMORY_ID names it; `agentcore-memory memories` lists"
            self.found.append(unchecked("memory", "no memory was given", cure))
            self.found += permissions.check_permissions(replies, "*")
            return "no memory was given"
        lost = {name for name, each in failed.items() if each.check == "connection"}
        if requests.FIRST in lost:
            reads.clear()
        return await self._check_contents(
            [each for each in replies if each.operation not in lost], reads
        )

    async def _explain(self, plane: Plane, reply: Reply) -> Finding:
        error, endpoint = cast("Exception", reply.error), plane.endpoint
        if endpoint.is_aws and failures.is_unresolved(error):
            endpoint = evolve(endpoint, is_elsewhere=await resolves_elsewhere(endpoint))
        return failures.explain(error, endpoint, self.asked)

    async def _check_contents(
        self, replies: list[Reply], reads: Mapping[str, Mapping[str, Any]]
    ) -> str:
        """
        Check the memory.

        Args:
            replies: Replies of the service so far, the control plane's first.
            reads: Requests to the data plane that are left; none if it cannot be reached.
        """
        answered: dict[str, Reply] = {}

        async def ask(operation: str) -> None:
            answered[operation] = await self.data.ask(operation, reads[operation])

        async with anyio.create_task_group() as group:
            for operation in reads:
                group.start_soon(ask, operation)
        memory = self._read_memory(replies)
        if memory is not None:
            self.found += [
                check_memory(memory),
                *check_strategies(memory),
                *check_namespaces(self.asked.namespaces, memory),
            ]
        if reads:
            replies += [answered[each] for each in reads]
            replies += await self._check_writing(memory)
        arn = memory.arn if memory else permissions.arn_of(self.asked, self.data.endpoint, replies)
        answers = [each for each in replies if not each.is_lost]
        self.found += permissions.check_permissions(answers, arn)
        self._check_load(replies)
        if jobs := answered.get("ListMemoryExtractionJobs"):
            self._check_jobs(jobs)
        return "the service did not answer what it needs"

    async def _check_writing(self, memory: Memory | None) -> list[Reply]:
        """Return the replies to requests that write, if they may be made; add what was not."""
        if not self.asked.write:
            self.found.append(permissions.not_asked_to_write())
            return []
        if memory is not None and memory.status not in ("ACTIVE", "UPDATING"):
            self.found.append(permissions.cannot_write(memory.status))
            return []
        replies, left = await requests.try_writing(self.data.ask, self.asked)
        self.found += [permissions.never_tried(), *left]
        return replies

    def _read_memory(self, replies: list[Reply]) -> Memory | None:
        """Return the memory of the reply to GetMemory, if there is one; add why it is unknown."""
        reply = next((each for each in replies if each.operation == "GetMemory"), None)
        if reply is not None and reply.answer is not None:
            return memory_codec.read_memory("GetMemory", reply.answer.body, _SKIP)
        reason = "GetMemory was not answered: see connection"
        if reply is not None:
            reason = "GetMemory is not allowed" if reply.is_denied else "GetMemory is throttled"
        checks = "memory", "strategies", "namespaces"
        self.found += [unchecked(check, reason) for check in checks]
        return None

    def _check_jobs(self, reply: Reply) -> None:
        if reply.answer is None:
            reason = "ListMemoryExtractionJobs gave no answer; see permissions"
            self.found.append(unchecked("extraction", reason))
            return
        jobs = job_codec.read_jobs(reply.answer.body, _SKIP, {})
        self.found.append(check_jobs(jobs, is_all="nextToken" not in reply.answer.body))

    def _check_load(self, replies: list[Reply]) -> None:
        """Check whether the service throttles."""
        throttled = [each for each in replies if isinstance(each.error, ThrottledError)]
        if not replies:
            return
        if not throttled:
            self.found.append(ok("throttling", f"none of {len(replies)} requests was throttled"))
        elif not any(each.check == "throttling" for each in self.found):
            error = cast("Exception", throttled[0].error)
            self.found.append(failures.explain(error, self.data.endpoint, self.asked))
