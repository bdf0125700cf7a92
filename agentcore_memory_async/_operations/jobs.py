"""Extraction jobs that failed: listed, and started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from agentcore_memory_async._calls.pagination import MAX_JOBS_PAGE, Pages, collect
from agentcore_memory_async._core import View
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._wire import job_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.synonyms import merged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from agentcore_memory_async.models import ExtractionJob


class JobOperations(View):
    """The failed extraction jobs of a memory, an actor or a session."""

    async def list_memory_extraction_jobs(
        self,
        *,
        actor_id: str | None = None,
        session_id: str | None = None,
        memory_strategy_id: str | None = None,
        status: Literal["FAILED"] | None = None,
        max_results: int | None = None,
        page_size: int = MAX_JOBS_PAGE,
        strategy_id: str | None = None,
    ) -> list[ExtractionJob]:
        """
        Return the failed extraction jobs that can be started again: every page of them.

        A session and an actor list their own. ``iter_memory_extraction_jobs`` yields the same one
        by one.

        Args:
            actor_id: Only jobs of this actor; a session and an actor fill in theirs.
            session_id: Only jobs of this session; a session fills in its own.
            memory_strategy_id: Only jobs of this strategy.
            status: ``"FAILED"``, the only status that the service lists.
            max_results: Largest number of jobs; all if omitted.
            page_size: Jobs per request, 1 to 50.
            strategy_id: The official SDK's name of *memory_strategy_id*.

        Raises:
            InvalidInputError: An argument is invalid, or an id is not that of the session or actor.

        AWS operation: ``ListMemoryExtractionJobs``.
        """
        strategy = merged(memory_strategy_id, None, strategy_id=strategy_id)
        asked = self._job_filter(actor_id, session_id, strategy, status)
        return await collect(self._job_pages(asked, page_size), max_results)

    async def iter_memory_extraction_jobs(
        self,
        *,
        actor_id: str | None = None,
        session_id: str | None = None,
        memory_strategy_id: str | None = None,
        status: Literal["FAILED"] | None = None,
        page_size: int = MAX_JOBS_PAGE,
        strategy_id: str | None = None,
    ) -> AsyncGenerator[ExtractionJob]:
        """
        Iterate over the failed extraction jobs that can be started again.

        ``list_memory_extraction_jobs`` returns them as a list.

        Args:
            actor_id: As in ``list_memory_extraction_jobs``.
            session_id: As in ``list_memory_extraction_jobs``.
            memory_strategy_id: Only jobs of this strategy.
            status: ``"FAILED"``, the only status that the service lists.
            page_size: Jobs per request, 1 to 50.
            strategy_id: The official SDK's name of *memory_strategy_id*.

        Raises:
            InvalidInputError: An argument is invalid, or an id is not that of the session or actor.

        AWS operation: ``ListMemoryExtractionJobs``.
        """
        strategy = merged(memory_strategy_id, None, strategy_id=strategy_id)
        asked = self._job_filter(actor_id, session_id, strategy, status)
        async for page in self._job_pages(asked, page_size):
            for job in page:
                yield job

    async def start_memory_extraction_job(
        self, job_id: str, *, client_token: str | None = None
    ) -> str:
        """
        Start a failed extraction job again, and return its id.

        It leaves the list of jobs, and comes back if it fails again.

        Args:
            job_id: Job id, as ``list_memory_extraction_jobs`` returned it.
            client_token: Calls with the same token start it once; a UUID if omitted.

        Raises:
            NotFoundError: There is no such job.
            OutcomeUnknownError: No answer tells, so it may be started; calling again with the
                error's ``client_token`` starts it once.
            InvalidInputError: An argument is invalid.

        AWS operation: ``StartMemoryExtractionJob``.
        """
        job_id = check.check_job_id(job_id)
        token = random_id() if client_token is None else check.check_client_token(client_token)
        return await self._core.retrier.change(
            "StartMemoryExtractionJob",
            job_codec.start_job(self.memory_id, job_id, token),
            lambda answer: job_codec.read_started_job(answer.body),
            self._core.retry,
        )

    def _job_pages(self, asked: Mapping[str, str], page_size: int) -> Pages[ExtractionJob]:
        """Return the pages of the jobs that are *asked* for."""
        core, size = self._core, check.check_int("page_size", page_size, MAX_JOBS_PAGE)
        params: dict[str, Any] = {"memoryId": self.memory_id}
        if asked:
            params["filter"] = asked

        def read(body: Mapping[str, Any]) -> list[ExtractionJob]:
            return job_codec.read_jobs(body, core.unreadable, asked)

        operation = "ListMemoryExtractionJobs"
        return Pages(core.retrier, operation, params, read, size, core.retry)

    def _job_filter(
        self,
        actor_id: str | None,
        session_id: str | None,
        memory_strategy_id: str | None,
        status: str | None,
    ) -> dict[str, str]:
        """Return the filter for these jobs; the ids of the view, where it has them."""
        hierarchical = self._core.allow_hierarchical_actor_ids
        if actor_id is not None:
            actor_id = check.check_actor_id(actor_id, hierarchical=hierarchical)
        if session_id is not None:
            session_id = check.check_session_id(session_id)
        if memory_strategy_id is not None:
            memory_strategy_id = check.check_memory_strategy_id(memory_strategy_id)
        if status not in (None, "FAILED"):
            check.refuse("status is unknown; the service lists 'FAILED' only")
        members = {
            "actorId": _own("actor_id", actor_id, self._actor_id),
            "sessionId": _own("session_id", session_id, self._session_id),
            "strategyId": memory_strategy_id,
            "status": status,
        }
        return {name: value for name, value in members.items() if value is not None}


def _own(argument: str, given: str | None, own: str | None) -> str | None:
    """Return the id to ask for: of the view, if it has one, which is all that it reads."""
    if given is not None and own not in (None, given):
        check.refuse(
            f"{argument} is another than the one whose jobs these are; ask the manager, or leave "
            "it out"
        )
    return given if own is None else own
