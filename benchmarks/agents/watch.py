"""Times each callback of the event loop, and finds those with a frame of this package."""

from __future__ import annotations

import gc
import signal
import time
from typing import TYPE_CHECKING

from agentcore_memory_async import __file__ as package
from benchmarks.stalls.watch import Watch

if TYPE_CHECKING:
    from types import FrameType

SAMPLE_S = 0.002
"""Time between two looks at the frames."""
FOLDER = package.removesuffix("__init__.py")
"""Folder of the package's files."""


class OwnWatch(Watch):
    """
    Records also the longest callback in which a frame of this package was seen.

    A timer's signal interrupts the process again and again, and its handler looks whether the stack
    has a frame of the package: what takes some milliseconds of a callback is seen.

    Attributes:
        own_wall_s: Duration of the longest such callback, in seconds.
        own_processor_s: Largest processor time of such a callback, in seconds.
        own_work_s: The same without the time of the collector of garbage.
    """

    def __init__(self) -> None:
        self.own_wall_s = self.own_processor_s = self.own_work_s = 0.0
        self._is_own = False
        self._collecting_s = self._began_s = 0.0
        gc.callbacks.append(self._collect)
        super().__init__()
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, SAMPLE_S, SAMPLE_S)

    def note(self, wall_s: float, processor_s: float) -> None:
        """Take note of a callback that has ended."""
        super().note(wall_s, processor_s)
        if self._is_own:
            self.own_wall_s = max(self.own_wall_s, wall_s)
            self.own_processor_s = max(self.own_processor_s, processor_s)
            self.own_work_s = max(self.own_work_s, processor_s - self._collecting_s)
            self._is_own = False
        self._collecting_s = 0.0

    def take(self, phase: str) -> dict[str, float]:
        """Return the longest callbacks since the last time, in seconds."""
        own = {
            f"{phase}_own_s": self.own_wall_s,
            f"{phase}_own_cpu_s": self.own_processor_s,
            f"{phase}_own_work_s": self.own_work_s,
        }
        self.own_wall_s = self.own_processor_s = self.own_work_s = 0.0
        return super().take(phase) | own

    def _collect(self, phase: str, _: object) -> None:
        if phase == "start":
            self._began_s = time.thread_time()
        else:
            self._collecting_s += time.thread_time() - self._began_s

    def _look(self, _: int, frame: FrameType | None) -> None:
        while frame is not None and not self._is_own:
            self._is_own = frame.f_code.co_filename.startswith(FOLDER)
            frame = frame.f_back
