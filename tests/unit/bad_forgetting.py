"""Invalid values for the arguments of deletions, of imports and of exports."""

from __future__ import annotations

from typing import Any

from tests.unit.bad_context_input import TEMPLATES
from tests.unit.bad_input import CANARY

IDS: list[Any] = [None, 5, "", "a b", "x" * 256]
SETTLE: list[Any] = [None, "5", -1, True, float("nan")]
NAMESPACES: list[Any] = [
    5,
    "/facts/{actorId}/",
    [],
    {},
    *([template] for template in TEMPLATES),
]

FORGETTING_CASES: dict[str, tuple[list[Any], Any]] = {
    "forget_actor(actor_id)": (
        IDS,
        lambda s, x: s.manager.forget_actor(x, namespaces=["/f/{actorId}/"]),
    ),
    "forget_actor(namespaces)": (
        NAMESPACES,
        lambda s, x: s.manager.forget_actor("a", namespaces=x),
    ),
    "forget_actor(settle)": (
        SETTLE,
        lambda s, x: s.manager.forget_actor("a", namespaces=["/f/{actorId}/"], settle=x),
    ),
    "delete_session(actor_id)": (IDS, lambda s, x: s.manager.delete_session(x, "s")),
    "delete_session(session_id)": (
        [None, 5, "", "a b", "x" * 101],
        lambda s, x: s.manager.delete_session("a", x),
    ),
    "delete_namespace(namespace_prefix)": (
        ["/", "//", *TEMPLATES],
        lambda s, x: s.delete_namespace(x),
    ),
    "delete_namespace(settle)": (SETTLE, lambda s, x: s.delete_namespace("/f/", settle=x)),
    "import_conversations(conversations)": (
        [None, 5, CANARY, [CANARY], [5]],
        lambda s, x: s.manager.import_conversations(x, extract=False),
    ),
    "import_conversations(extract)": (
        [None, 0, "yes"],
        lambda s, x: s.manager.import_conversations([], extract=x),
    ),
    "import_conversations(concurrency)": (
        [None, "5", 0, 1001, True],
        lambda s, x: s.manager.import_conversations([], extract=False, concurrency=x),
    ),
    "import_conversations(stored)": (
        [None, 5, "12", [CANARY]],
        lambda s, x: s.manager.import_conversations([], extract=False, stored=x),
    ),
    "export(actor_ids)": (
        [5, "anna", b"anna"],
        lambda s, x: s.manager.export(x, namespaces=["/f/{actorId}/"]),
    ),
    "export(namespaces)": (NAMESPACES, lambda s, x: s.manager.export(["a"], namespaces=x)),
    "export(skip)": ([5, CANARY], lambda s, x: s.manager.export(skip=x)),
}
"""Values by the arguments that they are for, and the calls that get them."""
