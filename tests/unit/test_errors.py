"""Errors and models can be pickled and copied, and do not show content."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import errors, models
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    AnswerMismatchError,
    DecodeError,
    ExtractionTimeoutError,
    OutcomeUnknownError,
    ServiceError,
    TransportError,
    TransportTimeoutError,
    service_error,
)
from agentcore_memory_async.models import (
    BatchResult,
    BlobPayload,
    Branch,
    ConversationalMessage,
    Event,
    JsonPayload,
    MemoryRecord,
    MessageRole,
    RecordOutcome,
    Turn,
)

CANARY = "the canary sings"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = MemoryRecord("/facts/a/", CANARY, 0.5, NOW, "mem-1", "facts-1")
BUILTIN: dict[str, type[BaseException]] = {
    "NotFoundError": LookupError,
    "ValidationError": ValueError,
    "TransportError": OSError,
    "TransportTimeoutError": TimeoutError,
    "AnswerMismatchError": DecodeError,
    "DecodeError": ValueError,
    "ExtractionTimeoutError": TimeoutError,
    "ClosedError": RuntimeError,
    "WrongLoopError": RuntimeError,
    "ForkedError": RuntimeError,
    "InvalidInputError": ValueError,
    "BlockingCallWarning": RuntimeWarning,
    "UnreadableItemWarning": RuntimeWarning,
    "MemoryDiffersWarning": UserWarning,
    "MemoryTimeoutError": TimeoutError,
    "UnwrittenNamespaceWarning": UserWarning,
}
MISTAKES = {
    "ClosedError",
    "WrongLoopError",
    "ForkedError",
    "InvalidInputError",
    "BlockingCallWarning",
    "UnreadableItemWarning",
    "MemoryDiffersWarning",
    "UnwrittenNamespaceWarning",
}
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception) and name in errors.__all__
}

TURN = {"actorId": "user123", "sessionId": "chat001", "clientToken": "token-1", "payload": [CANARY]}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "BatchError": (
        "BatchDeleteMemoryRecords",
        BatchResult(
            (
                RecordOutcome(0, "FAILED", "mem-1", code=404, message=CANARY),
                RecordOutcome(1, "UNKNOWN", "mem-2", message=CANARY),
                RecordOutcome(2, "SUCCEEDED", "mem-3"),
            )
        ),
    ),
    "ClientTokenInUseError": ("CreateEvent", "token-1"),
    "UnsentError": ([ConversationalMessage(CANARY, MessageRole.USER)], "token-1", 1, TURN),
    "UnsentTurnsError": ([TURN],),
    "MemoryFailedError": ("chat-a1B2c3D4e5", "No permission for the key", ["facts"]),
    "MemoryTimeoutError": ("chat-a1B2c3D4e5", "CREATING", 300.0, 32),
    "ExtractionFailedError": (["/facts/a/"], [], [RECORD], 3.0),
}


def make(cls: Any) -> Any:
    """Return an error of *cls* with every attribute set, content included."""
    if issubclass(cls, ServiceError):
        return cls("ListEvents", "SomeException", "no", 400, "req-1", attempts=3, hint="Do this")
    if issubclass(cls, TransportError):
        return cls("ListEvents", "the connection was lost", sent=False)
    if issubclass(cls, AnswerMismatchError):
        return cls("CreateEvent", "actorId", "0#1")
    if issubclass(cls, DecodeError):
        return cls("ListEvents", "it has no event", {"payload": CANARY})
    if issubclass(cls, OutcomeUnknownError):
        return cls("CreateEvent", "token-1", 2, {"payload": [CANARY]})
    if issubclass(cls, ExtractionTimeoutError):
        return cls(["/facts/a/"], [RECORD], 180.0, 12)
    return cls(*ARGUMENTS.get(cls.__name__, ("what happened",)))


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_survives_pickle_and_copy(name: str) -> None:
    """Every error keeps its class, text and attributes when it is pickled or copied."""
    error = make(CLASSES[name])
    error.add_note("a note")
    for again in (
        copy.copy(error),
        copy.deepcopy(error),
        *(pickle.loads(pickle.dumps(error, p)) for p in range(2, pickle.HIGHEST_PROTOCOL + 1)),
    ):
        assert type(again) is type(error)
        assert (str(again), repr(again)) == (str(error), repr(error))
        assert vars(again) == vars(error)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_no_error_shows_content(name: str) -> None:
    """Neither the text nor the repr of an error shows content."""
    error = make(CLASSES[name])

    assert "canary" not in f"{error} {error!r} {error.args}"
    assert str(error)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_has_its_place_in_the_tree(name: str) -> None:
    """
    Errors have the documented bases, and programming errors are outside the
    package's hierarchy.
    """
    cls = CLASSES[name]

    assert issubclass(cls, BUILTIN.get(name, Exception))
    assert issubclass(cls, AgentCoreMemoryError) == (name not in MISTAKES)
    assert issubclass(cls, ClientError) == issubclass(cls, ServiceError)
    assert (cls.__doc__ or "").strip()


def test_service_errors_are_botocores_too() -> None:
    """Code that catches botocore's ``ClientError`` and reads ``response`` works unchanged."""
    error = service_error("GetEvent", "ResourceNotFoundException", "gone", 404, "req-1")

    assert isinstance(error, ClientError)
    assert error.response["Error"] == {"Code": "ResourceNotFoundException", "Message": "gone"}
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert error.operation_name == "GetEvent"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDeniedException", 403, "AccessDeniedError"),
        ("UnrecognizedClientException", 403, "AccessDeniedError"),
        ("ResourceNotFoundException", 404, "NotFoundError"),
        ("ValidationException", 400, "ValidationError"),
        ("InvalidInputException", 400, "ValidationError"),
        ("RetryableConflictException", 409, "ConflictError"),
        ("ServiceQuotaExceededException", 402, "QuotaExceededError"),
        ("ThrottledException", 429, "ThrottledError"),
        ("ServiceException", 500, "ServiceUnavailableError"),
        ("NeverSeen", 404, "ServiceError"),
        ("NeverSeen", 429, "ThrottledError"),
        ("NeverSeen", 599, "ServiceUnavailableError"),
        ("NeverSeen", 418, "ServiceError"),
    ],
)
def test_the_code_decides_then_the_status(code: str, status: int, expected: str) -> None:
    """A known code selects the class, and otherwise the status does."""
    assert type(service_error("X", code, "m", status)).__name__ == expected


def test_text_of_a_service_error_says_everything_once() -> None:
    """The text has code, status, operation, message, attempts, request id and next step once."""
    error = make(ServiceError)

    assert str(error) == (
        "SomeException (400) at ListEvents: no (after 3 attempts) [request req-1]. Do this"
    )


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Memory not found: chat-a1B2c3D4e5", None),
        ("Memory 'chat-a1B2c3D4e5' is not ACTIVE", None),
        ("You can't do this; it isn't allowed", None),
        ("User: arn:aws:iam::1:user/x is not authorized to perform: a:B", None),
        ("1 validation error detected: Value at '/payload' failed to satisfy: not null", None),
        ("'a' and 'b', 'c' are no \"branch\"", None),
        ("Value 'a b' at 'actorId' failed", "Value (not shown) failed"),
        ("Value 'a/b' at 'actorId' failed: pattern", None),
        ("Value 'a/b' at '/sessionId' failed: pattern", None),
        ("Value 'blue' at 'searchQuery' failed", "Value (not shown) at 'searchQuery' failed"),
        ("Value 'it's' at 'x' bye' at 'q' failed: long", "Value (not shown) at 'q' failed: long"),
        (
            "2: Value 'blue' at 'payload.1.text' failed: A; Value 'x' at 'actorId' failed: B",
            "2: Value (not shown) at 'actorId' failed: B",
        ),
        ("Value 'blue\nred' at 'q' failed", "Value (not shown) at 'q' failed"),
        ("Value 'blue and", "Value (not shown)"),
        ('Cannot read "my pin is 1" here', "Cannot read (not shown) here"),
        ("Bad text 'it's my pin' in it", "Bad text (not shown) in it"),
        ("Bad text `a 'b' c` and 'd'", "Bad text (not shown) and 'd'"),
        ("Bad 'a b' and 'c'", "Bad (not shown)"),
        ("", None),
    ],
)
def test_what_the_service_quotes_is_left_out(message: str, shown: str | None) -> None:
    """Refused values and long quotes are omitted from the text but kept in ``message``."""
    error = service_error("X", "ValidationException", message, 400)

    expected = message if shown is None else shown
    assert str(error) == f"ValidationException (400) at X: {expected}"
    assert error.args[0].endswith(f": {expected}")
    assert error.message == error.response["Error"]["Message"] == message
    assert pickle.loads(pickle.dumps(error)).message == message


@given(st.text(alphabet="Value' at\"xp.,\n", max_size=200), st.sampled_from(["'", ""]))
def test_a_quoted_text_is_never_shown(text: str, end: str) -> None:
    """A quoted value is hidden whatever it contains, also quotes, and also if it is truncated."""
    text = f"CANARY {text}"
    message = f"1 error: Value '{text}{end} at 'payload.1.content' failed"

    assert "CANARY" not in str(service_error("X", "ValidationException", message, 400))


def test_throttling_is_what_botocore_takes_for_it() -> None:
    """Every throttling code of botocore's standard retries is a ``ThrottledError``."""
    from botocore.retries.standard import ThrottledRetryableChecker

    for code in ThrottledRetryableChecker._THROTTLED_ERROR_CODES:
        assert type(service_error("X", code, "m", 400)) is errors.ThrottledError


EXAMPLES: list[Any] = [
    ConversationalMessage(CANARY, MessageRole.USER),
    JsonPayload({"k": CANARY}),
    JsonPayload(5),
    BlobPayload(CANARY),
    Branch("b", "1#a"),
    Turn(MessageRole.USER, CANARY, NOW),
    RECORD,
    Event(
        event_id="1#a",
        event_type="order",
        payload={"k": CANARY},
        messages=(ConversationalMessage(CANARY, MessageRole.USER),),
        timestamp=NOW,
        actor_id="a",
        session_id="s",
        branch=Branch("b"),
        metadata={"eventType": "order", "x": CANARY},
        accepted_at=NOW,
    ),
]


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: type(value).__name__)
def test_models_are_values(value: Any) -> None:
    """Models are immutable, equal to their copies and pickles, and hide content."""
    assert value == copy.deepcopy(value) == copy.copy(value)
    assert value == pickle.loads(pickle.dumps(value))
    assert "canary" not in repr(value)
    with pytest.raises(AttributeError):
        setattr(value, next(iter(type(value).__attrs_attrs__)).name, "x")


def test_turn_reads_as_the_reference_shows() -> None:
    """``{turn.role}: {turn.text}`` prints the plain name of the role."""
    turn = Turn(MessageRole.ASSISTANT, "Hello", NOW)

    assert f"{turn.role}: {turn.text}" == "ASSISTANT: Hello"


def test_models_have_a_docstring_each() -> None:
    """Every model has a docstring; types of members have none."""
    for name in models.__all__:
        if name not in {"JsonValue", "RecordStatus"}:
            assert (getattr(models, name).__doc__ or "").strip()


def test_timeouts_are_timeouts() -> None:
    """``except TimeoutError`` catches both timeout errors."""
    assert isinstance(make(TransportTimeoutError), TimeoutError)
    assert isinstance(make(ExtractionTimeoutError), TimeoutError)
