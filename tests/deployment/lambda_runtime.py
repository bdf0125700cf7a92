"""
Lambda's runtime for Python, as far as a handler sees it.

One process imports the handler once, and calls it for one invocation after the other. An error of
the handler is reported, and the process goes on. Invocations come as lines of stdin, each with its
time limit, and answers go out as lines of stdout; what the handler prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import time
from types import SimpleNamespace
from typing import Any

from attrs import frozen

from agentcore_memory_async._transport import http_session


@frozen
class LambdaContext:
    """
    The second argument of a handler.

    Attributes:
        deadline: When Lambda ends the process, in seconds of the wall clock.
    """

    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left, in milliseconds."""
        return max(int((self.deadline - time.time()) * 1000), 0)


def answer_to(handler: Any, invocation: dict[str, Any]) -> dict[str, Any]:
    """Return what *handler* returned, or the error that it raised, and how long that took."""
    began = time.perf_counter()
    skipped_s = invocation["skipped_s"]  # the test of a freeze need not last as long as the freeze
    vars(http_session)["time"] = SimpleNamespace(time=lambda: time.time() + skipped_s)
    context = LambdaContext(time.time() + invocation["limit_s"])
    try:
        answer: dict[str, Any] = {"returned": handler(invocation["event"], context)}
    except Exception as error:  # noqa: BLE001 - Lambda reports all, and goes on
        answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
    return answer | {"took_s": time.perf_counter() - began}


def main(module: str) -> None:
    """Serve until stdin ends."""
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        handler = importlib.import_module(module).handler
        print(json.dumps({"ready": module}), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer_to(handler, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
