"""What was sent, counted by operation."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, fields, frozen

from agentcore_memory_async._models.base import Model


@frozen
class OperationUsage(Model):
    """
    What the calls of one operation, or of all, have cost so far.

    Attributes:
        calls: Calls that have ended, those that raised or were cancelled too.
        failures: Calls that raised or were cancelled.
        requests: Requests that were made for these calls.
        retries: Requests beyond the first of a call.
        paced: Times that a request waited for the pace of the limits, or of flow control.
        paced_s: Time of these waits together, in seconds.
    """

    calls: int = 0
    failures: int = 0
    requests: int = 0
    retries: int = 0
    paced: int = 0
    paced_s: float = 0.0


@frozen
class Usage(Model):
    """
    What was sent since a manager or a control was made, by operation.

    Attributes:
        operations: Usage of each operation by its wire name, such as ``CreateEvent``; in the order
            of their names, without those that were never called.
    """

    operations: Mapping[str, OperationUsage] = field(factory=dict[str, OperationUsage], hash=False)

    @property
    def total(self) -> OperationUsage:
        """The usage of all operations together."""
        names = [each.name for each in fields(OperationUsage)]
        used = self.operations.values()
        return OperationUsage(**{name: sum(getattr(each, name) for each in used) for name in names})
