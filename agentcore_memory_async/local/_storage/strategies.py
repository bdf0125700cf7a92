"""
Strategies of a memory.

A request describes a new strategy in one shape and a change in another. What is stored is a third
one, that of GetMemory.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._api.errors import validation
from agentcore_memory_async.local._api.members import as_object, child, children
from agentcore_memory_async.local._storage.namespaces import variables_of
from agentcore_memory_async.local.extractor import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_ALPHABET = string.ascii_letters + string.digits
"""Characters of the random part of an id."""
_BUILT_IN = frozenset({"actorId", "sessionId", "memoryStrategyId"})
"""Variables that every namespace template may use."""
_KINDS = {
    "semanticMemoryStrategy": "SEMANTIC",
    "summaryMemoryStrategy": "SUMMARIZATION",
    "userPreferenceMemoryStrategy": "USER_PREFERENCE",
    "episodicMemoryStrategy": "EPISODIC",
    "customMemoryStrategy": "CUSTOM",
}
"""Kinds of strategies, by the member of a request that holds one."""
_OVERRIDES = {
    "semanticOverride": ("SEMANTIC_OVERRIDE", "semantic"),
    "summaryOverride": ("SUMMARY_OVERRIDE", "summary"),
    "userPreferenceOverride": ("USER_PREFERENCE_OVERRIDE", "userPreference"),
    "episodicOverride": ("EPISODIC_OVERRIDE", "episodic"),
}
"""Types of overrides and the prefixes of their members, by the member of a request."""
_BY_SESSION = "/strategy/{memoryStrategyId}/actor/{actorId}/session/{sessionId}/"
"""Default namespace template of summary and episodic strategies."""
_BY_ACTOR = "/strategy/{memoryStrategyId}/actors/{actorId}/"
"""Default namespace template of the other strategies."""
_MAX_CONSISTENT = 3
"""Largest number of STRICTLY_CONSISTENT keys of a strategy."""


def new_id(name: str) -> str:
    """Return an id as the service makes it: *name*, and ten random letters and digits."""
    return f"{name}-{''.join(secrets.choice(_ALPHABET) for _ in range(10))}"


def _described(
    strategy_id: str, name: str, kind: str, template: str, status: str, now: float
) -> dict[str, Any]:
    return {
        "strategyId": strategy_id,
        "name": name,
        "type": kind,
        "namespaces": [template],
        "namespaceTemplates": [template],
        "status": status,
        "createdAt": now,
        "updatedAt": now,
    }


def read_strategy(document: Mapping[str, Any]) -> Strategy:
    """Return the strategy of a stored document."""
    configuration = child(document, "configuration")
    reflection = _reflection_of(configuration)
    entries = children(child(document, "memoryRecordSchema"), "metadataSchema")
    return Strategy(
        strategy_id=document["strategyId"],
        name=document["name"],
        kind=document["type"],
        template=document["namespaceTemplates"][0],
        status=document["status"],
        override=configuration.get("type"),
        reflection_template=next(iter(reflection.get("namespaceTemplates") or ()), None),
        schema={entry["key"]: entry for entry in entries},
        expiry_days=document.get("recordExpiryDurationDays"),
        prompts=_prompts_of(configuration),
    )


def _prompts_of(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return the instructions of an override by their step."""
    prompts: dict[str, str] = {}
    for step in ("extraction", "consolidation", "reflection"):
        custom = child(child(configuration, step), f"custom{step.capitalize()}Configuration")
        for override in map(as_object, custom.values()):
            if isinstance(override.get("appendToPrompt"), str):
                prompts[step] = override["appendToPrompt"]
    return prompts


def _reflection_of(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of an episodic strategy's reflections."""
    reflection = child(configuration, "reflection")
    custom = child(reflection, "customReflectionConfiguration")
    return child(custom, "episodicReflectionOverride") or child(
        reflection, "episodicReflectionConfiguration"
    )


def default_strategies(memory_id: str, now: float) -> list[dict[str, Any]]:
    """Return the documents of the three strategies of a memory that is created on first use."""

    def document(name: str, kind: str, template: str) -> dict[str, Any]:
        digest = hashlib.sha256(f"{memory_id}/{name}".encode()).hexdigest()[:10]
        return _described(f"{name}-{digest}", name, kind, template, "ACTIVE", now)

    return [
        document("facts", "SEMANTIC", "/facts/{actorId}/"),
        document("preferences", "USER_PREFERENCE", "/preferences/{actorId}/"),
        document("summaries", "SUMMARIZATION", "/summaries/{actorId}/{sessionId}/"),
    ]


def new_strategy(given: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return the document of a new strategy, which is still CREATING."""
    member = next(name for name in given if name in _KINDS and given[name] is not None)
    body = as_object(given[member])
    kind = _KINDS[member]
    strategy_id = new_id(body["name"])
    configuration = _configuration(kind, body)
    override = configuration.get("type")
    summary = kind == "SUMMARIZATION" or override == "SUMMARY_OVERRIDE"
    episodic = kind == "EPISODIC" or override == "EPISODIC_OVERRIDE"
    template = _template(body) or (_BY_SESSION if summary or episodic else _BY_ACTOR)
    made = _described(strategy_id, body["name"], kind, template, "CREATING", now)
    if episodic:
        reflection = _reflection_of(configuration)
        chosen = _template(reflection) or (
            template if "{sessionId}" not in template else template.partition("session/")[0]
        )
        _set_reflection(configuration, kind, dict(reflection), chosen)
    if body.get("description"):
        made["description"] = body["description"]
    if configuration:
        made["configuration"] = configuration
    if body.get("memoryRecordSchema"):
        made["memoryRecordSchema"] = body["memoryRecordSchema"]
    days = child(body, "recordExpirySpecification").get("recordExpiryDurationDays")
    if days:
        made["recordExpiryDurationDays"] = days
    return made


def modified_strategy(
    known: Mapping[str, Any], change: Mapping[str, Any], now: float
) -> dict[str, Any]:
    """Return the document of a strategy after a change."""
    made = dict(known) | {"updatedAt": now}
    template = _template(change)
    if template:
        made["namespaces"] = made["namespaceTemplates"] = [template]
    for name in ("description", "memoryRecordSchema"):
        if change.get(name):
            made[name] = change[name]
    expiry = child(change, "recordExpirySpecification")
    if expiry.get("recordExpiryDurationDays"):
        made["recordExpiryDurationDays"] = expiry["recordExpiryDurationDays"]
    elif expiry.get("action") == "REMOVE":
        made.pop("recordExpiryDurationDays", None)
    wanted = child(change, "configuration")
    if wanted:
        made["configuration"] = _modified_configuration(known, wanted)
    return made


def _modified_configuration(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a strategy after a change."""
    configuration = dict(child(known, "configuration"))
    for step in ("extraction", "consolidation", "selfManagedConfiguration"):
        if wanted.get(step):
            configuration[step] = child(configuration, step) | wanted[step]
    if wanted.get("reflection"):
        given = _reflection_of({"reflection": wanted["reflection"]})
        before = _reflection_of(configuration)
        template = _template(given) or next(iter(before.get("namespaceTemplates") or ()), "")
        if not template:
            text = f"Strategy {known['strategyId']} has no reflection"
            raise validation(text, field="memoryStrategies")
        _set_reflection(configuration, str(known["type"]), {**before, **given}, template)
    return configuration


def _template(body: Mapping[str, Any]) -> str | None:
    templates, older = body.get("namespaceTemplates"), body.get("namespaces")
    if templates and older and templates != older:
        text = "namespaces and namespaceTemplates differ; give namespaceTemplates only"
        raise validation(text, field="namespaceTemplates")
    chosen = templates or older
    return str(chosen[0]) if chosen else None


def _configuration(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a new strategy, in the shape of GetMemory."""
    if kind == "EPISODIC":
        reflection = child(body, "reflectionConfiguration")
        return {"reflection": {"episodicReflectionConfiguration": reflection}}
    given = child(body, "configuration")
    managed = child(given, "selfManagedConfiguration")
    if managed:
        conditions = managed.get("triggerConditions") or [
            {"messageBasedTrigger": {"messageCount": 6}}
        ]
        whole = {"historicalContextWindowSize": 4} | managed | {"triggerConditions": conditions}
        return {"type": "SELF_MANAGED", "selfManagedConfiguration": whole}
    for member, (override, name) in _OVERRIDES.items():
        steps = child(given, member)
        if member not in given or given[member] is None:
            continue
        made: dict[str, Any] = {"type": override}
        for step in ("extraction", "consolidation", "reflection"):
            if steps.get(step):
                outer = f"custom{step.capitalize()}Configuration"
                inner = f"{name}{step.capitalize()}Override"
                made[step] = {outer: {inner: steps[step]}}
        return made
    return {}


def _set_reflection(
    configuration: dict[str, Any], kind: str, reflection: dict[str, Any], template: str
) -> None:
    reflection["namespaces"] = reflection["namespaceTemplates"] = [template]
    if kind == "EPISODIC" or "appendToPrompt" not in reflection:
        configuration["reflection"] = {"episodicReflectionConfiguration": reflection}
    else:
        inner = {"episodicReflectionOverride": reflection}
        configuration["reflection"] = {"customReflectionConfiguration": inner}


def check_strategies(
    strategies: Iterable[Mapping[str, Any]],
    indexed: Iterable[Mapping[str, Any]],
    namespace_keys: Iterable[Mapping[str, Any]],
) -> None:
    """
    Check strategies against each other and against the memory's keys.

    Raises:
        AwsError: ValidationException.
    """
    known = _BUILT_IN | {entry["key"] for entry in namespace_keys}
    types = {entry["key"]: entry["type"] for entry in indexed}
    names: set[str] = set()
    for document in strategies:
        strategy = read_strategy(document)
        if strategy.name in names:
            text = f"Strategy name {strategy.name} is used more than once"
            raise validation(text, field="memoryStrategies")
        names.add(strategy.name)
        summary = strategy.kind == "SUMMARIZATION" or strategy.override == "SUMMARY_OVERRIDE"
        if summary and "{sessionId}" not in strategy.template:
            text = f"The namespace of summary strategy {strategy.name} must contain {{sessionId}}"
            raise validation(text, field="namespaceTemplates")
        for template in (strategy.template, strategy.reflection_template):
            for variable in variables_of(template or ""):
                if variable not in known:
                    text = (
                        f"Namespace template {template} uses {{{variable}}}, which is not in "
                        "namespaceKeys"
                    )
                    raise validation(text, field="namespaceTemplates")
        if strategy.reflection_template and not _covers(
            strategy.reflection_template, strategy.template
        ):
            text = (
                f"The reflection namespace {strategy.reflection_template} must be the same as or "
                f"a prefix of {strategy.template}"
            )
            raise validation(text, field="reflectionConfiguration")
        _check_schema(strategy, types, summary=summary)


def _covers(outer: str, inner: str) -> bool:
    outer, inner = (re.sub(r"/+$", "", item) + "/" for item in (outer, inner))
    return inner.startswith(outer)


def _check_schema(strategy: Strategy, types: Mapping[str, str], *, summary: bool) -> None:
    consistent = [strategy.schema[key] for key in consistent_keys_of(strategy)]
    problem = ""
    if consistent and summary:
        problem = "STRICTLY_CONSISTENT is not supported by summary strategies"
    elif len(consistent) > _MAX_CONSISTENT:
        problem = f"at most {_MAX_CONSISTENT} keys can be STRICTLY_CONSISTENT"
    for entry in consistent:
        if types.get(entry["key"]) != "STRING" or entry.get("type", "STRING") != "STRING":
            problem = (
                f"STRICTLY_CONSISTENT key {entry['key']} must be an indexed key of type STRING"
            )
    for key, entry in strategy.schema.items():
        if key in types and entry.get("type", types[key]) != types[key]:
            problem = f"key {key} is indexed as {types[key]}, not {entry['type']}"
    if problem:
        text = f"Metadata schema of strategy {strategy.name}: {problem}"
        raise validation(text, field="memoryRecordSchema")


_OVERRIDDEN = {
    "SEMANTIC_OVERRIDE": "SEMANTIC",
    "SUMMARY_OVERRIDE": "SUMMARIZATION",
    "USER_PREFERENCE_OVERRIDE": "USER_PREFERENCE",
    "EPISODIC_OVERRIDE": "EPISODIC",
    "SELF_MANAGED": None,
}
"""Kinds of records that custom strategies extract, by their override; None if self-managed."""


def kind_of(strategy: Strategy) -> str | None:
    """Return the kind of records that a strategy extracts; None for a self-managed one."""
    if strategy.kind != "CUSTOM":
        return strategy.kind
    return _OVERRIDDEN.get(strategy.override or "", "SEMANTIC")


def consistent_keys_of(strategy: Strategy) -> tuple[str, ...]:
    """Return the STRICTLY_CONSISTENT keys of a strategy's schema."""
    return tuple(
        key
        for key, entry in strategy.schema.items()
        if entry.get("extractionType") == "STRICTLY_CONSISTENT"
    )
