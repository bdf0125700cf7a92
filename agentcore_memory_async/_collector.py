"""The collector of garbage, which rests for a while."""

from __future__ import annotations

import gc
import os


class RestingCollector:
    """
    The collector of garbage, which rests while something makes many objects that stay.

    It would start in their midst, visit them, and find nothing.
    """

    def rest(self) -> None:
        """Let it rest, unless the program has turned it off."""
        if gc.isenabled():
            _resting.add(self)
            gc.disable()

    def resume(self) -> None:
        """Let it work again, if it rests."""
        if self in _resting:
            gc.enable()
            _resting.discard(self)


_resting = set[RestingCollector]()
"""Those that rest now: at most one, and in a child of a fork none is left that would resume."""


def _resume_all() -> None:
    for each in list(_resting):
        each.resume()


if hasattr(os, "register_at_fork"):  # not on Windows
    # The thread that let it rest does not exist in a child.
    os.register_at_fork(after_in_child=_resume_all)
