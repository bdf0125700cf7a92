"""Context for a model: all namespaces searched at once, and what was found made one sequence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from attrs import frozen

from agentcore_memory_async._operations.records import RecordOperations
from agentcore_memory_async._operations.together import run_together
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.namespaces import resolve_prefix
from agentcore_memory_async._wire.origins import check_trusted
from agentcore_memory_async._wire.resolved_namespaces import NO_VALUE, known_templates
from agentcore_memory_async.context import Context, Provenance, RetrievalConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agentcore_memory_async.models import MemoryRecord, Origin

_LOG = logging.getLogger("agentcore_memory_async")


@frozen
class _Search:
    """One namespace to search, with a query that the service takes."""

    query: str
    where: Provenance
    config: RetrievalConfig


class ContextOperations(RecordOperations):
    """What is remembered about a query, for a model."""

    async def retrieve_context(
        self,
        query: str,
        retrieval_config: Mapping[str, RetrievalConfig] | None = None,
        *,
        trusted: Sequence[str | Origin] | None = None,
    ) -> Context:
        """
        Return what is remembered about *query*, best first, from all namespaces at once.

        All searches run together. If one fails, the others are cancelled and its error is raised,
        so what is returned is never a part of what there is.

        Args:
            query: What the conversation is about, such as the user's message. Of more than 10,000
                characters the last 10,000 are searched for, and a warning is logged. For one of
                white space only nothing is searched, and the context is empty.
            retrieval_config: Templates of namespaces, such as ``/facts/{actorId}/``, and how each
                is searched; an empty mapping searches nothing. If omitted: the namespaces that the
                manager knows, as ``RetrievalConfig()`` says.
            trusted: As in ``search_long_term_memories``: only records of these origins.

        Returns:
            Records whose score is high enough, no id and no text twice; `Context.render` makes
            text for a prompt of them.

        Raises:
            InvalidInputError: An argument is invalid, or *retrieval_config* is omitted and the
                manager knows no namespaces, or a template has a variable without a value here.

        AWS operation: ``RetrieveMemoryRecords``, for each namespace.
        """
        check.check_text("query", query)
        check_trusted(trusted)
        searches = self._searches(check.plain(query), retrieval_config)
        searches = [each for each in searches if each.query.strip()]
        found = await run_together([partial(self._found, each, trusted) for each in searches])
        return _merged(zip(searches, found, strict=True))

    def _searches(self, query: str, configs: object) -> list[_Search]:
        """Return what to search, with everything checked that the service would refuse."""
        names = {template: name for name, template in self._core.namespaces.templates.items()}
        searches: list[_Search] = []
        cut_from = 0
        for template, config in self._read_configs(configs).items():
            prefix = resolve_prefix(
                template,
                self._namespace_values(config.strategy_id),
                argument="retrieval_config",
                advice=f"give strategy_id= of RetrievalConfig, or {NO_VALUE}",
            )
            where = Provenance(check.plain(template), prefix, names.get(template))
            asked = query
            if config.retrieval_query is not None:
                asked = f"{check.plain(config.retrieval_query)} {query}"
            cut_from = max(cut_from, len(asked))
            searches.append(_Search(asked[-check.MAX_QUERY :], where, config))
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

    async def _found(
        self, search: _Search, trusted: Sequence[str | Origin] | None
    ) -> list[MemoryRecord]:
        """Return what one search finds."""
        return await self.search_long_term_memories(
            search.query,
            search.where.prefix,
            search.config.top_k,
            memory_strategy_id=search.config.strategy_id,
            filters=search.config.metadata_filters or (),
            trusted=trusted,
        )


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
