"""Context for a model: all namespaces searched at once, and what was found made one sequence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal, cast

from attrs import frozen

from agentcore_memory_async._operations.records import RecordOperations
from agentcore_memory_async._operations.together import run_together
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import check_record_filters
from agentcore_memory_async._wire.namespaces import OWN_KEY, resolve_prefix
from agentcore_memory_async._wire.origins import check_trusted
from agentcore_memory_async._wire.resolved_namespaces import known_templates
from agentcore_memory_async.context import Context, Provenance, RetrievalConfig
from agentcore_memory_async.errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from agentcore_memory_async.filters import Filter
    from agentcore_memory_async.models import MemoryRecord, Origin

_LOG = logging.getLogger("agentcore_memory_async")
_GIVEN_BY = {
    "memoryStrategyId": "strategy_id= of RetrievalConfig",
    OWN_KEY: "namespace_variables=",
}
"""Arguments that give variables of a template a value."""


@frozen
class _Search:
    """One namespace to search, with a query that the service takes."""

    query: str
    where: Provenance
    config: RetrievalConfig
    filters: Sequence[Filter]


class ContextOperations(RecordOperations):
    """What is remembered about a query, for a model."""

    async def retrieve_context(
        self,
        query: str,
        retrieval_config: Mapping[str, RetrievalConfig] | None = None,
        *,
        trusted: Sequence[str | Origin] | None = None,
        namespace_variables: Mapping[str, str] | None = None,
        on_search_error: Literal["raise", "degrade"] = "raise",
    ) -> Context:
        """
        Return what is remembered about *query*, best first, from all namespaces at once.

        All searches run together. If one fails, the others are cancelled, so what is returned is
        never a part of what there is.

        Args:
            query: What the conversation is about, such as the user's message. Of more than 10,000
                characters the last 10,000 are searched for, and a warning is logged. For one of
                white space only nothing is searched, and the context is empty.
            retrieval_config: Templates of namespaces, such as ``/facts/{actorId}/``, and how each
                is searched; an empty mapping searches nothing. If omitted: the namespaces that the
                manager knows, as ``RetrievalConfig()`` says.
            trusted: As in ``search_long_term_memories``: only records of these origins.
            namespace_variables: Values of the memory's own namespace keys, for templates that name
                them, 1 to 5.
            on_search_error: ``"degrade"`` returns an empty context if the service or the network
                fails a search, logs why, and says so in ``degraded``; ``"raise"`` raises.

        Returns:
            Records whose score is high enough, no id and no text twice; `Context.render` makes
            text for a prompt of them.

        Raises:
            InvalidInputError: An argument is invalid, or *retrieval_config* is omitted and the
                manager knows no namespaces, or a template has a variable without a value here.
            AgentCoreMemoryError: A search failed.

        AWS operation: ``RetrieveMemoryRecords``, for each namespace.
        """
        check.check_text("query", query)
        sources = check_trusted(trusted)
        variables = check.check_namespace_variables(namespace_variables)
        is_degrading = _check_on_search_error(on_search_error)
        configs = self._read_configs(retrieval_config)
        from_where = "namespaces" if retrieval_config is None else "retrieval_config"
        searches = self._searches(
            check.plain(query), configs, variables, argument=from_where, is_trusted=bool(sources)
        )
        self._warn_of_unwritten({each.where.template: each.where.prefix for each in searches})
        searches = [each for each in searches if each.query.strip()]
        try:
            found = await run_together([partial(self._found, each, sources) for each in searches])
        except AgentCoreMemoryError as error:
            if not is_degrading:
                raise
            _LOG.warning("a model answers without memories, since the search failed: %s", error)
            return Context(degraded=True)
        return _merged(zip(searches, found, strict=True))

    def _searches(
        self,
        query: str,
        configs: Mapping[str, RetrievalConfig],
        variables: Mapping[str, str],
        *,
        argument: str,
        is_trusted: bool,
    ) -> list[_Search]:
        """Return what to search, with everything checked that the service would refuse."""
        names = {template: name for name, template in self._core.namespaces.templates.items()}
        searches: list[_Search] = []
        cut_from = 0
        for template, config in configs.items():
            prefix = resolve_prefix(
                template,
                self._namespace_values(config.strategy_id, variables),
                argument=argument,
                given_by=_GIVEN_BY,
            )
            own = ("trusted",) if is_trusted else ()
            given = config.metadata_filters or ()
            filters = check_record_filters(given, None, own, "metadata_filters")
            where = Provenance(check.plain(template), prefix, names.get(template))
            asked = query
            if config.retrieval_query is not None:
                asked = f"{check.plain(config.retrieval_query)} {query}"
            cut_from = max(cut_from, len(asked))
            searches.append(_Search(asked[-check.MAX_QUERY :], where, config, filters))
        if cut_from > check.MAX_QUERY:
            _LOG.warning(
                "a query of %d characters is cut to its last %d, the most that a search takes",
                cut_from,
                check.MAX_QUERY,
            )
        return searches

    def _read_configs(self, configs: object) -> dict[str, RetrievalConfig]:
        """Return how each template is searched."""
        if configs is None:
            templates = known_templates(self._core.namespaces).values()
            return dict.fromkeys(templates, RetrievalConfig())
        if not isinstance(configs, Mapping):
            check.refuse(
                f"retrieval_config is {check.kind(configs)}; give a mapping such as "
                "{'/facts/{actorId}/': RetrievalConfig()}"
            )
        given = dict(cast("Mapping[str, object]", configs))
        for config in given.values():
            if not isinstance(config, RetrievalConfig):
                check.refuse(
                    f"retrieval_config has a value that is {check.kind(config)}; give a "
                    "RetrievalConfig for each template"
                )
        return cast("dict[str, RetrievalConfig]", given)

    async def _found(self, search: _Search, sources: Collection[str] | None) -> list[MemoryRecord]:
        """Return what one search finds."""
        criteria = {"searchQuery": search.query, "topK": search.config.top_k}
        if search.config.strategy_id is not None:
            criteria["memoryStrategyId"] = check.plain(search.config.strategy_id)
        scope = {"namespacePath": search.where.prefix}
        return await self._search_from(criteria, scope, search.filters, sources)


def _check_on_search_error(value: object) -> bool:
    """Return whether a failed search finds nothing, instead of raising."""
    if not isinstance(value, str) or value not in {"raise", "degrade"}:
        what = repr(value[:20]) if isinstance(value, str) else check.kind(value)
        check.refuse(f"on_search_error is {what}; give 'raise' or 'degrade'")
    return value == "degrade"


def _merged(found: Iterable[tuple[_Search, Sequence[MemoryRecord]]]) -> Context:
    """Return the records that score high enough, best first, each id and each text once."""
    relevant = [
        (record, search.where)
        for search, records in found
        for record in records
        if _score(record) >= search.config.relevance_score or not search.config.relevance_score
    ]
    relevant.sort(key=lambda each: _score(each[0]), reverse=True)
    ids, texts = set[str](), set[str]()
    kept: list[tuple[MemoryRecord, Provenance]] = []
    for record, where in relevant:
        text = record.text.strip()
        if record.memory_record_id not in ids and text not in texts:
            kept.append((record, where))
            ids.add(record.memory_record_id)
            texts.add(text)
    return Context(tuple(record for record, _ in kept), tuple(where for _, where in kept))


def _score(record: MemoryRecord) -> float:
    return record.score or 0.0
