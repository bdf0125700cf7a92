"""Rewriting in the third person: "I live in Oslo" becomes "The user lives in Oslo"."""

from __future__ import annotations

import re

from agentcore_memory_async.local._language.sentences import imperative_clause

_PRONOUNS = {
    "i": "they",
    "me": "them",
    "my": "their",
    "mine": "theirs",
    "myself": "themselves",
    "i'm": "they're",
    "i've": "they've",
    "i'd": "they'd",
    "i'll": "they'll",
    "am": "are",
    "we": "they",
    "us": "them",
    "our": "their",
    "ours": "theirs",
    "we're": "they're",
    "we've": "they've",
    "we'd": "they'd",
    "we'll": "they'll",
    "you": "the assistant",
    "your": "the assistant's",
}
"""Words about the user or the assistant, and what replaces them in the third person."""
_PRONOUN_WITH_VERB = re.compile(r"\b[iI] (was|am|wasn't)\b")
"""A form of "to be" after "I", which changes with the pronoun."""
_PRONOUN_WITH_VERB_FORMS = {"was": "they were", "am": "they are", "wasn't": "they weren't"}
"""Replacements of "I" and such a verb, by the verb."""
_LEADING_CONJUNCTIONS = re.compile(
    r"^(?:(?:and|but|so|now|also|then|actually|instead|yes|yea|yeah|ok|okay|hi|hello|hey),? )+"
    r"(?=(?:i|i'm|i'd|i'll|i've|my)\b)",
    re.IGNORECASE,
)
"""Conjunctions and greetings before "I" or "my", which are dropped."""
_PLEASE = re.compile(r",?\s*\bplease\b(?=[.!,]|$)", re.IGNORECASE)
"""A "please" at the end of a clause, with its comma."""
_COORDINATED_VERB = re.compile(
    r"(\band (?:also )?)(need|want|prefer|hope|wish|live|work|love|like|hate)\b(?= )"
)
"""A second verb of the same subject: "The user likes tea and hate coffee"."""
_WORD = re.compile(
    r"\d ?am\b(?!')"
    r"|\b(?:Type|Part|Phase|Stage|Class|Level|World War|Act|Volume) I\b(?!')"
    r"|(?<![A-Za-z0-9])[A-Za-z][A-Za-z']*"
)
"""Words; times of day and numerals match as a whole, so that "am" and "I" in them stay."""
_SUBJECT_FORMS = (
    (re.compile(r"^i(?:'m| am)\b", re.IGNORECASE), "The user is"),
    (
        re.compile(r"^i(?:'ve| have) (?=\w+(?:ed|en)\b|been|had|got)", re.IGNORECASE),
        "The user has ",
    ),
    (re.compile(r"^i(?:'d| would)\b", re.IGNORECASE), "The user would"),
    (re.compile(r"^i(?:'ll| will)\b", re.IGNORECASE), "The user will"),
    (
        re.compile(r"^i (?=(?:can|could|should|must|might|may|was|had)\b)", re.IGNORECASE),
        "The user ",
    ),
    (
        re.compile(r"^i (?=(?:can't|cannot|couldn't|didn't|wasn't|won't)\b)", re.IGNORECASE),
        "The user ",
    ),
    (re.compile(r"^i (?:don't|do not)\b", re.IGNORECASE), "The user does not"),
    (re.compile(r"^i have\b", re.IGNORECASE), "The user has"),
    (re.compile(r"^my\b", re.IGNORECASE), "The user's"),
)
"""Beginnings of a user's sentence, and what replaces them."""
_ADVERBS = (
    "only|always|never|usually|often|really|also|just|still|sometimes|currently|mostly|now|"
    "actually|especially"
)
"""Adverbs that may be between "I" and a verb, as alternatives of a pattern."""
_PRESENT = re.compile(
    rf"^i (?P<adverb>(?:(?:{_ADVERBS}) )*)"
    r"(?P<verb>need|want|like|love|prefer|hate|enjoy|live|work|think|know|"
    r"hope|plan|travel|play|eat|"
    r"drink|wear|use|drive|fly|own|speak|study|run|dislike|avoid|wish|expect|believe|feel|get|take|"
    r"go|keep|stay|write|read|watch|listen|collect|teach|do|make|pay|manage|lead|cook|grow|train|"
    r"sleep|swim|ride|visit|call|commute|suffer|care)\b",
    re.IGNORECASE,
)
"""Beginnings of sentences with "I" and a verb in the present tense."""
_PAST = re.compile(
    rf"^i (?P<adverb>(?:(?:{_ADVERBS}|recently|already) )*)"
    r"(?P<verb>\w+ed|bought|went|got|met|lost|left|came|broke|made|took|saw|spent|paid|grew|sold|"
    r"began|wrote|built|quit|told|heard|found|chose|flew|drove|ate|forgot)\b",
    re.IGNORECASE,
)
"""Beginnings of sentences with "I" and a verb in the past tense."""
_ASSISTANT_FORMS = (
    (re.compile(r"\byou(?:'re| are)\b", re.IGNORECASE), "the user is"),
    (re.compile(r"\byou(?:'ve| have)\b", re.IGNORECASE), "the user has"),
    (re.compile(r"\byou were\b", re.IGNORECASE), "the user was"),
    (re.compile(r"\byou'll\b", re.IGNORECASE), "the user will"),
    (re.compile(r"\byou'd\b", re.IGNORECASE), "the user would"),
    (
        re.compile(
            r"\byou (?P<verb>want|need|like|leave|arrive|depart|live|owe|get|fly|stay)\b",
            re.IGNORECASE,
        ),
        "the user {}",
    ),
    (re.compile(r"\byours\b", re.IGNORECASE), "the user's"),
    (re.compile(r"\byour\b", re.IGNORECASE), "the user's"),
    (re.compile(r"\byou\b", re.IGNORECASE), "the user"),
    (re.compile(r"\bi'm\b|\bi am\b", re.IGNORECASE), "the assistant is"),
    (re.compile(r"\bi(?:'ve| have) (?=found\b)", re.IGNORECASE), "the assistant "),
    (re.compile(r"\bi(?:'ve| have)\b", re.IGNORECASE), "the assistant has"),
    (re.compile(r"\bi'll\b|\bi will\b", re.IGNORECASE), "the assistant will"),
    (re.compile(r"\bi'd\b|\bi would\b", re.IGNORECASE), "the assistant would"),
    (re.compile(r"\bi (?=see\b)", re.IGNORECASE), "the assistant "),
    (re.compile(r"\bI\b"), "the assistant"),
    (re.compile(r"\bmy\b", re.IGNORECASE), "the assistant's"),
    (re.compile(r"\bme\b"), "the assistant"),
)
"""Pronouns of an assistant's sentence and what replaces them, in this order."""


def rephrase_user_statement(sentence: str) -> str:
    """Return a sentence of the user in the third person."""
    rephrased = _rephrase(_LEADING_CONJUNCTIONS.sub("", sentence))
    if not rephrased.startswith("The user "):
        return rephrased
    rephrased = _PLEASE.sub("", rephrased)
    return _COORDINATED_VERB.sub(
        lambda match: f"{match.group(1)}{conjugate(match.group(2))}", rephrased
    )


def _rephrase(sentence: str) -> str:
    clause = imperative_clause(sentence)
    if clause is not None:
        bare = re.sub(r",?\s*\bplease\b,?(?=[ .!]|$)", "", clause, flags=re.IGNORECASE)
        return "The user asked to " + bare[0].lower() + swap_pronouns(bare[1:])
    for pattern, replacement in _SUBJECT_FORMS:
        match = pattern.match(sentence)
        if match is not None:
            return replacement + swap_pronouns(sentence[match.end() :])
    match = _PRESENT.match(sentence)
    if match is not None:
        verb = conjugate(match.group("verb").lower())
        adverb = match.group("adverb").lower()
        return f"The user {adverb}{verb}" + swap_pronouns(sentence[match.end() :])
    match = _PAST.match(sentence)
    if match is not None:
        return "The user " + swap_pronouns(sentence[2:])
    if re.match(r"^(?:we|our)\b", sentence, re.IGNORECASE):
        rephrased = swap_pronouns(sentence)
        return rephrased[:1].upper() + rephrased[1:]
    if re.match(r"^(?:i|me)\b", sentence, re.IGNORECASE):
        return f'The user said: "{sentence}"'
    return sentence[:1] + swap_pronouns(sentence[1:])


def rephrase_assistant_statement(sentence: str) -> str:
    """Return a sentence of the assistant, addressed to the user, in the third person."""
    rephrased = sentence
    for pattern, replacement in _ASSISTANT_FORMS:
        if "{}" in replacement:
            rephrased = pattern.sub(
                lambda match: "the user " + conjugate(match.group("verb").lower()), rephrased
            )
        else:
            rephrased = pattern.sub(replacement, rephrased)
    return rephrased[:1].upper() + rephrased[1:]


def conjugate(verb: str) -> str:
    """Return the third person singular of a verb."""
    irregular = {"have": "has", "do": "does", "be": "is", "am": "is", "go": "goes"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith("y") and verb[-2:-1] not in set("aeiou"):
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def swap_pronouns(text: str) -> str:
    """Replace pronouns of the first person: "my wife and I" becomes "their wife and they"."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        is_name = word in {"US", "Me", "Mine", "Am", "AM", "My"}
        return word if is_name else _PRONOUNS.get(word.lower(), word)

    paired = _PRONOUN_WITH_VERB.sub(lambda match: _PRONOUN_WITH_VERB_FORMS[match.group(1)], text)
    return _WORD.sub(swap, paired)


def with_period(sentence: str) -> str:
    """Return *sentence* with a period, unless it has a final punctuation mark."""
    return sentence if sentence[-1:] in ".!?\"'" else sentence + "."
