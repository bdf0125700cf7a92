"""The retry decisions as one table; mutation tests show that it covers the code."""

from __future__ import annotations

import ast
import inspect
from copy import deepcopy
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AnswerMismatchError,
    CertificateError,
    DecodeError,
    RetryPolicy,
    TransportError,
    TransportTimeoutError,
    _service_errors,
    errors,
)
from agentcore_memory_async._calls import attempts as attempts
from agentcore_memory_async._calls import hints as hints
from agentcore_memory_async._calls import settling as settling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ANSWERS = """
AccessDeniedException            403 AccessDeniedError        no  no  ANSWERED
AccessDenied                     403 AccessDeniedError        no  no  ANSWERED
UnrecognizedClientException      403 AccessDeniedError        no  no  ANSWERED
UnrecognizedClientException      400 AccessDeniedError        no  no  ANSWERED
InvalidSignatureException        400 AccessDeniedError        no  no  ANSWERED
SignatureDoesNotMatch            400 AccessDeniedError        no  no  ANSWERED
AuthFailure                      400 AccessDeniedError        no  no  ANSWERED
RequestTimeTooSkewed             400 AccessDeniedError        no  no  ANSWERED
RequestExpired                   400 AccessDeniedError        no  no  ANSWERED
RequestInTheFuture               400 AccessDeniedError        no  no  ANSWERED
ExpiredToken                     400 AccessDeniedError        no  no  ANSWERED
ExpiredTokenException            400 AccessDeniedError        no  no  ANSWERED
AccessDenied                     400 AccessDeniedError        no  no  ANSWERED
AccessDeniedException            400 AccessDeniedError        no  no  ANSWERED
ResourceNotFoundException        400 NotFoundError            no  no  ANSWERED
ValidationException              400 ValidationError          no  no  ANSWERED
InvalidInputException            400 ValidationError          no  no  ANSWERED
RetryableConflictException       409 ConflictError            yes no  FAILED
RetryableConflictException       400 ConflictError            yes no  FAILED
ConflictException                409 ConflictError            no  no  ANSWERED
ConflictException                400 ConflictError            no  no  ANSWERED
ServiceQuotaExceededException    400 QuotaExceededError       no  no  ANSWERED
ThrottledException               429 ThrottledError           yes no  THROTTLED
ThrottledException               400 ThrottledError           yes no  THROTTLED
ThrottlingException              400 ThrottledError           yes no  THROTTLED
TooManyRequestsException         400 ThrottledError           yes no  THROTTLED
BandwidthLimitExceeded           400 ThrottledError           yes no  THROTTLED
EC2ThrottledException            400 ThrottledError           yes no  THROTTLED
LimitExceededException           400 ThrottledError           yes no  THROTTLED
PriorRequestNotComplete          400 ThrottledError           yes no  THROTTLED
ProvisionedThroughputExceededException 400 ThrottledError yes no THROTTLED
RequestLimitExceeded             400 ThrottledError           yes no  THROTTLED
RequestThrottled                 400 ThrottledError           yes no  THROTTLED
RequestThrottledException        400 ThrottledError           yes no  THROTTLED
SlowDown                         400 ThrottledError           yes no  THROTTLED
Throttling                       400 ThrottledError           yes no  THROTTLED
TransactionInProgressException   400 ThrottledError           yes no  THROTTLED
SlowDown                         503 ThrottledError           yes no  THROTTLED
301                              301 ServiceError             no  no  ANSWERED
ServiceException                 400 ServiceUnavailableError  yes yes FAILED
InternalServerException          400 ServiceUnavailableError  yes yes FAILED
400                              400 ServiceError             no  no  ANSWERED
402                              402 QuotaExceededError       no  no  ANSWERED
403                              403 AccessDeniedError        no  no  ANSWERED
404                              404 ServiceError             no  no  ANSWERED
407                              407 ServiceError             no  no  ANSWERED
408                              408 ServiceError             yes yes FAILED
RequestTimeoutException          408 ServiceError             yes yes FAILED
409                              409 ConflictError            no  no  ANSWERED
413                              413 ServiceError             no  no  ANSWERED
429                              429 ThrottledError           yes no  THROTTLED
499                              499 ServiceError             no  no  ANSWERED
500                              500 ServiceUnavailableError  yes yes FAILED
501                              501 ServiceUnavailableError  yes yes FAILED
502                              502 ServiceUnavailableError  yes yes FAILED
503                              503 ServiceUnavailableError  yes yes FAILED
SomethingNew                     400 ServiceError             no  no  ANSWERED
SomethingNew                     599 ServiceUnavailableError  yes yes FAILED
"""
"""Code, status: class of the error, retried, may have run, what flow control is told."""

ABSENT = TransportError("CreateEvent", "refused", sent=False, is_absent=True)
OTHERS = [
    (TransportError("CreateEvent", "reset"), "yes yes FAILED"),
    (TransportError("CreateEvent", "refused", sent=False), "yes no FAILED"),
    (CertificateError("CreateEvent", "expired", sent=False), "no no ANSWERED"),
    (ABSENT, "no no CANCELLED"),
    (TransportTimeoutError("CreateEvent", "late"), "yes yes FAILED"),
    (TransportTimeoutError("CreateEvent", "connecting", sent=False), "yes no FAILED"),
    (DecodeError("CreateEvent", "cut"), "yes yes FAILED"),
    (DecodeError("ListEvents", "no list", parsed=True), "no yes FAILED"),
    (AnswerMismatchError("CreateEvent", "actorId"), "yes yes ANSWERED"),
    (errors.ExtractionError("x"), "no no ANSWERED"),
]

SIGNED_ANEW = [
    ("ExpiredTokenException", 400, "x", None, True),
    ("ExpiredToken", 400, "x", None, True),
    ("UnrecognizedClientException", 403, "The security token is expired", None, True),
    ("UnrecognizedClientException", 403, "The security token is invalid", None, False),
    ("ValidationException", 400, "The token has expired", None, False),
    ("RequestTimeTooSkewed", 400, "x", None, True),
    ("RequestExpired", 400, "x", None, True),
    ("RequestInTheFuture", 400, "x", None, True),
    ("SignatureDoesNotMatch", 403, "Signature expired: x", None, True),
    ("SignatureDoesNotMatch", 403, "Signature not yet current: x", 0.0, True),
    ("ValidationException", 400, "Signature expired: x", None, False),
    ("SignatureDoesNotMatch", 400, "x", None, False),
    ("SignatureDoesNotMatch", 400, "x", 299.0, False),
    ("SignatureDoesNotMatch", 400, "x", 300.0, True),
    ("AuthFailure", 400, "x", -300.0, True),
    ("InvalidSignatureException", 400, "x", 301.0, True),
    ("AccessDeniedException", 403, "x", 9999.0, False),
    ("ServiceException", 500, "x", 9999.0, False),
]
"""Code, status, message, offset of the clocks: whether it is signed anew."""

THING_GONE = errors.service_error("DeleteEvent", "ResourceNotFoundException", "no event", 404)
MEMORY_GONE = errors.service_error("DeleteEvent", "ResourceNotFoundException", "no memory", 404)
INVALID = errors.service_error("DeleteEvent", "ValidationException", "x", 400)
DENIED = errors.service_error("DeleteEvent", "AccessDeniedException", "x", 403)
SETTLED = [
    ("DeleteEvent", "the answer", "the answer", "the answer"),
    ("DeleteEvent", THING_GONE, "unknown", "deleted"),
    ("DeleteEvent", MEMORY_GONE, "unknown", "unknown"),
    ("DeleteEvent", INVALID, "as it came", "as it came"),
    ("DeleteEvent", errors.ClientTokenInUseError("x", "t"), "as it came", "as it came"),
    ("DeleteEvent", DENIED, "unknown", "unknown"),
    ("DeleteEvent", ABSENT, "unknown", "unknown"),
    ("DeleteEvent", DecodeError("DeleteEvent", "cut"), "unknown", "unknown"),
    ("DeleteEvent", RuntimeError("a bug"), "unknown", "unknown"),
    ("StartMemoryExtractionJob", INVALID, "unknown", "unknown"),
    ("CreateMemory", INVALID, "unknown", "unknown"),
    ("UpdateMemory", INVALID, "unknown", "unknown"),
    ("DeleteMemory", INVALID, "unknown", "unknown"),
    ("TagResource", INVALID, "unknown", "unknown"),
    ("UntagResource", INVALID, "unknown", "unknown"),
    ("IngestData", INVALID, "as it came", "as it came"),
    ("BatchUpdateMemoryRecords", INVALID, "as it came", "as it came"),
]
"""Operation, what came after an attempt in doubt: what became of any change, and of a deletion."""

MISSING = [
    ("Memory not found: facts-0123456789", True),
    ("The MEMORY does not exist", True),
    ("Memory record not found: mem-1", False),
    ("Unable to find event with id 1#a", False),
    ("No such thing", False),
]
"""Message, and whether the memory facts-0123456789 is what is missing."""

POLICY = RetryPolicy(backoff=0.05, throttled_backoff=1.0, max_backoff=5.0)
BACKOFFS = [
    (DecodeError("CreateEvent", "cut"), [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]),
    (errors.service_error("CreateEvent", "429", "", 429), [1.0, 2.0, 4.0, 5.0, 5.0]),
    (ABSENT, [0.1, 0.1, 0.1]),
]
"""Upper bounds of the backoff after attempts 1, 2, ..., in seconds."""


def disagreements(functions: Mapping[str, Any], make: Callable[..., Any]) -> Iterator[str]:
    """Yield the rows of the table that the functions contradict."""

    def verdict(error: Any) -> str:
        return " ".join(
            (
                "yes" if functions["is_retryable"](error) else "no",
                "yes" if functions["may_have_run"](error) else "no",
                functions["outcome_of"](error).name,
            )
        )

    for row in ANSWERS.strip().splitlines():
        code, status, *expected = row.split()
        error = make("CreateEvent", code, "text", int(status))
        found = [type(error).__name__, *verdict(error).split()]
        if found != expected:
            yield f"{code} {status}: {found}"
    for error, wanted in OTHERS:
        if verdict(error) != wanted:
            yield f"{error!r}: {verdict(error)}"
    yield from signature_disagreements(functions, make)
    yield from settled_disagreements(functions)
    yield from backoff_disagreements(functions)


def backoff_disagreements(functions: Mapping[str, Any]) -> Iterator[str]:
    """Yield the bounds of waits that the functions contradict."""
    for error, bounds in BACKOFFS:
        bound = functions["backoff_bound"]
        if [bound(POLICY, error, n + 1) for n in range(len(bounds))] != bounds:
            yield f"backoff after {error!r}"
        if bound(POLICY, error, 5000) != bounds[-1]:
            yield f"backoff after many {error!r}"
    for attempt, tripled in enumerate([1.0, 3.0, 9.0, 20.0], 1):
        if functions["growing_bound"](1.0, 20.0, attempt, 3.0) != tripled:
            yield f"bound {attempt}"
    if functions["growing_bound"](1.0, 20.0, 2) != functions["growing_bound"](1.0, 20.0, 9999) / 10:
        yield "doubled, up to the most"


def settled_disagreements(functions: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rows of `SETTLED` and of `MISSING` that the functions contradict."""
    for operation, last, changed, deleted in SETTLED:
        params = {"memoryId": "facts-0123456789"}
        unknown = errors.OutcomeUnknownError(operation, None, 2, params)
        rules = functions["settle_by_answer"], partial(functions["settle_deletion"], "deleted")
        found = [settle(rule, last, unknown) for rule in rules]
        if found != [changed, deleted]:
            yield f"{operation} {last!r}: {found}"
        if functions["is_rejected"](last) != (last is INVALID or "token t" in str(last)):
            yield f"{last!r}: rejected or not"
    for message, is_missing in MISSING:
        if functions["is_memory_missing"](message, "facts-0123456789") != is_missing:
            yield message


def settle(rule: Callable[..., Any], last: object, unknown: Exception) -> object:
    """Return what a rule says: a result, or which error it raises."""
    try:
        return rule(last, unknown)
    except Exception as error:  # noqa: BLE001 - which one it is, is tested
        return "unknown" if error is unknown and error.__cause__ is last else "as it came"


def signature_disagreements(
    functions: Mapping[str, Any], make: Callable[..., Any]
) -> Iterator[str]:
    """Yield the rows of `SIGNED_ANEW` that the functions contradict."""
    for code, status, message, offset_s, anew in SIGNED_ANEW:
        error = make("CreateEvent", code, message, status, clock_offset_s=offset_s)
        reasons = functions["is_token_expired"](error), functions["is_clock_at_fault"](error)
        if (any(reasons), functions["is_signed_anew"](error)) != (anew, anew):
            yield f"{code} {message} {offset_s}: {reasons}"
        is_denied = isinstance(error, errors.AccessDeniedError)
        if reasons[1] != (is_denied and functions["is_time_refused"](code, message, offset_s)):
            yield f"{code} {message} {offset_s}: not by its parts"
    if functions["is_signed_anew"](OTHERS[0][0]):
        yield "a lost connection"


FUNCTIONS = (
    "is_retryable",
    "may_have_run",
    "outcome_of",
    "backoff_bound",
    "is_signed_anew",
    "is_token_expired",
    "is_clock_at_fault",
    "is_time_refused",
    "is_rejected",
    "is_memory_missing",
    "settle_by_answer",
    "settle_deletion",
    "growing_bound",
)


ALL = {**vars(_service_errors), **vars(hints), **vars(settling), **vars(attempts)}
"""What the functions find by name."""


def test_the_table_holds() -> None:
    """Every error is retried or not as the table states."""
    assert [] == list(disagreements(ALL, errors.service_error))


class Mutator(ast.NodeTransformer):
    """Applies mutation number *wanted* to a syntax tree."""

    def __init__(self, wanted: int) -> None:
        self.count = 0
        self._wanted = wanted
        self.what = ""

    def _hit(self, what: str) -> bool:
        self.count += 1
        if self.count - 1 == self._wanted:
            self.what = what
            return True
        return False

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Drop one side of a union; replace another operator by addition."""
        self.generic_visit(node)
        if isinstance(node.op, ast.BitOr):
            if self._hit("left out"):
                return node.right
            return node.left if self._hit("right out") else node
        if self._hit("another operator"):
            return ast.BinOp(node.left, ast.Add(), node.right)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Negate a comparison."""
        self.generic_visit(node)
        if self._hit("turned around"):
            return ast.UnaryOp(ast.Not(), node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Replace ``and`` by ``or``, and the other way round."""
        self.generic_visit(node)
        if self._hit("and for or, or for and"):
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Swap the branches of a conditional expression."""
        self.generic_visit(node)
        if self._hit("other choice"):
            node.body, node.orelse = node.orelse, node.body
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Drop a branch."""
        self.generic_visit(node)
        if self._hit("branch out"):
            return ast.Pass()
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Change a constant."""
        if node.value is None:
            return node
        if isinstance(node.value, bool):
            return ast.Constant(not node.value) if self._hit("flipped") else node
        if isinstance(node.value, str):
            return ast.Constant("other") if self._hit("text") else node
        assert isinstance(node.value, int | float)
        return ast.Constant(node.value + 1) if self._hit("one more") else node


def mutants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each mutation with a namespace in which one function has it."""
    for name in FUNCTIONS:
        function = ALL[name]
        assert isinstance(function, FunctionType)
        tree = ast.parse(inspect.getsource(function))
        definition = tree.body[0]
        assert isinstance(definition, ast.FunctionDef)
        definition.body = definition.body[1:]  # the docstring
        definition.returns = None
        for argument in definition.args.args:
            argument.annotation = None
        number = 0
        while True:
            mutator = Mutator(number)
            mutated = ast.fix_missing_locations(mutator.visit(deepcopy(tree)))
            if not mutator.what:
                break
            namespace = dict(ALL)
            exec(compile(mutated, name, "exec"), namespace)
            yield f"{name} {number}: {mutator.what}\n{ast.unparse(mutated)}", namespace
            number += 1


EQUIVALENT = {"one more": "31)"}
"""An equivalent mutant: 30 keeps 2.0 ** n from overflowing, and so does 31."""


def test_every_mistake_is_noticed() -> None:
    """Every mutation of the functions contradicts the table."""
    survived = []
    count = 0
    for what, functions in mutants():
        count += 1
        try:
            noticed = any(disagreements(functions, errors.service_error))
        except (AttributeError, OverflowError, TypeError, UnboundLocalError):
            noticed = True
        if not noticed and EQUIVALENT.get("one more", "") not in what:
            survived.append(what)

    assert [] == survived
    assert count > 20


@pytest.mark.parametrize("table", ["_BY_CODE", "_BY_STATUS"])
def test_every_row_of_the_errors_is_noticed(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping any code or status from the tables of errors contradicts the table."""
    rows = dict(getattr(_service_errors, table))
    for row in rows:
        monkeypatch.setattr(_service_errors, table, {key: rows[key] for key in rows if key != row})
        assert list(disagreements(ALL, errors.service_error)), row


def test_every_operation_that_is_refused_when_done_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dropping any of these operations contradicts the table."""
    operations = settling.REFUSED_WHEN_DONE
    for operation in operations:
        monkeypatch.setattr(settling, "REFUSED_WHEN_DONE", operations - {operation})
        assert list(disagreements(ALL, errors.service_error)), operation
