"""The clock of the running event loop, which every deadline and pace is by."""

from asyncio import get_running_loop


def loop_time() -> float:
    """Return the time of the running loop, in seconds. anyio's finds out first which loop it is."""
    return get_running_loop().time()
