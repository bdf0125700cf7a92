"""
Matters: which statement makes an older one obsolete, and what a correction says anew.

Statements are compared by the stems of their words in order, without those that say whose a
matter is, that it is so no longer, or that it was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.local._language import speech
from agentcore_memory_async.local._language.english import PATTERNS, VALUES, WORDS
from agentcore_memory_async.local._language.words import stem, synonyms, terms, tokens

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

_KINDS = ("negative", "over", "ended", "changed", "changes")
"""Words that deny, end or change what was so."""
_FEELINGS = frozenset(map(stem, WORDS["feelings"]))
"""Stems that say how somebody likes a matter."""
_BARE = frozenset(
    stem(word) for name in ("bare", "done", *_KINDS) for word in WORDS[name] - WORDS["feelings"]
)
"""Stems that say nothing of the matter."""
_NAMED = (*VALUES, PATTERNS["some_name"])
"""Patterns of values and names."""
_ACTS = frozenset(map(stem, WORDS["orders"] | WORDS["plans"] | WORDS["weak"])) - _FEELINGS
"""Stems that say what is to be done about a matter."""


def replaces_fact(new: str, old: str) -> bool:
    """
    Return whether a fact makes an older one obsolete.

    It does if it says the same in more detail, the opposite, that it ended, or that its value is
    not so. It also does if it differs from a wish only in its values, or gives another value of an
    attribute such as where somebody lives.
    """
    withdrawn = PATTERNS["withdrawn"].search(new)
    if withdrawn is not None:
        rest = new[: withdrawn.start()] + new[withdrawn.end() :]
        return withdrawn["old"] in old and is_same_matter(rest, old)
    newer, older = _contents(new, old)
    if len(set(older)) >= 2 and set(older) < set(newer):
        return True
    if _undoes(new, old):
        return True
    if speech.has_any("plans", old):
        is_same = _masked(new).lower() == _masked(old).lower()
        if is_same or (
            speech.has_any("done", new) and set(newer) & set(older) and _differ(new, old)
        ):
            return True
    one, other = attribute(new), attribute(old)
    return one is not None and one == other


def corrected(text: str, earlier: str) -> str | None:
    """Return what was told earlier with the values that a correction names; None without any."""
    new = earlier
    for pattern in VALUES if PATTERNS["change"].search(text) else ():
        for match in list(pattern.finditer(text))[-1:]:
            new = pattern.sub(match.group(), new, count=1)
    opening = PATTERNS["correction"].match(text)
    value = PATTERNS["new_value"].match(text, opening.end() if opening else 0)
    is_name = value is not None and (
        speech.has_name(f"x {value['value']}") or speech.content_word_count(value["value"]) > 0
    )
    if new == earlier and value is not None and is_name:
        before = f" {value['before'] or ''}"
        names = [before + name for name in PATTERNS["some_name"].findall(_masked(earlier))]
        old = [name for name in names if name in earlier]
        is_strong = opening is not None and (opening["strong"] or value["before"])
        if (is_strong or value["strong"] or value["not"]) and len(old) == 1:
            new = earlier.replace(old[0], before + value["value"])
    return compared(new, earlier) if new != earlier else None


def compared(new: str, earlier: str) -> str:
    """Return a corrected statement; with the value that is not so, if nothing else tells that."""
    if replaces_fact(new, earlier) or not is_same_matter(new, earlier):
        return new
    for patterns in (_NAMED[-1:], VALUES):
        old = {match.group() for each in patterns for match in each.finditer(earlier)}
        gone = [value for value in old if not set(tokens(value)) <= set(tokens(new))]
        if len(gone) == 1 and new.endswith("."):
            return f"{new[:-1]}, not {gone[0]}."
    return new


def is_same_matter(new: str, old: str) -> bool:
    """Return whether two statements are about the same, whatever their names and values."""
    one, other = (
        set(content) - _ACTS or set(content)
        for content in _contents(_masked(new, _NAMED), _masked(old, _NAMED))
    )
    return bool(one & other) and (one <= other or other <= one)


def _contents(new: str, old: str) -> list[list[str]]:
    """Return the stems of both, without the name of whom they are about, unless these differ."""
    one, other = ([] if text.startswith("The ") else terms(text)[:1] for text in (new, old))
    bare = _BARE if one and other and one != other else _BARE | {*one, *other}
    return [
        ["like" if term in _FEELINGS else term for term in terms(text) if term not in bare]
        for text in (new, old)
    ]


def _undoes(new: str, old: str) -> bool:
    """Return whether one denies what the other says, or says that it is over or was changed."""
    newer, older = _contents(_masked(new), _masked(old))
    only_new, only_old = (
        {kind for kind in _KINDS if speech.has_any(kind, one) and not speech.has_any(kind, other)}
        for one, other in ((new, old), (old, new))
    )
    is_opposite = bool((only_new | only_old) & {"negative", "over"})
    if not (newer and older and (is_opposite or only_new & {"ended", "changed", "changes"})):
        return False
    is_held = any(speech.has_any(kind, old) for kind in ("held", "done", "plans"))
    is_about = newer[0] == older[0] and (is_opposite or is_held)
    is_part = all(not {term, *synonyms(term)}.isdisjoint(older) for term in newer)
    is_sure = is_held or (is_about and " and " not in old)
    return (is_part and is_sure) or (is_about and set(older) <= set(newer))


def _masked(fact: str, patterns: Sequence[re.Pattern[str]] = VALUES) -> str:
    """Return a fact without its values."""
    for pattern in patterns:
        fact = pattern.sub("#", fact)
    return fact


def _differ(new: str, old: str) -> bool:
    """Return whether both have a value of a kind, and not the same."""
    both = ((pattern.search(new), pattern.search(old)) for pattern in VALUES)
    return any(a and b and a.group().lower() != b.group().lower() for a, b in both)


def attribute(fact: str) -> str | None:
    """Return a key of the attribute that a fact gives a value for; None if it gives none."""
    match = PATTERNS["attribute"].match(fact)
    if match is None:
        return None
    bare = set(map(stem, WORDS["bare"]))
    key = " ".join(term for term in terms(match["what"].replace("our", "or")) if term not in bare)
    return stem("lives") if key == stem("moved") else key
