"""What managers and programs need to use the local service: their options and variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._storage.memories import REGION
from agentcore_memory_async.local.clock import AutoClock, Clock, ManualClock
from agentcore_memory_async.policies import PollPolicy

if TYPE_CHECKING:
    from agentcore_memory_async.local._storage.delays import Delays

_INSTANT_S = 2**-9
"""Seconds by which a ManualClock must have been advanced for another poll."""


def client_options(
    endpoint_url: str, clock: Clock, delays: Delays, options: dict[str, Any]
) -> dict[str, Any]:
    """Return *options* of a manager, and those that a manager of the service needs beside them."""
    from aiobotocore.session import AioSession

    if "aws_session" not in options:
        # Neither the user's profile nor a file of theirs may change what a test does.
        nothing = (None, None, None, None)
        session = AioSession(
            session_vars={
                "profile": nothing,
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
        session.set_credentials("local", "local")  # pyright: ignore[reportUnknownMemberType] - it carries no types
        options["aws_session"] = session
    options.setdefault("region_name", REGION)
    options.setdefault("endpoint_url", endpoint_url)
    if isinstance(clock, ManualClock):
        options.setdefault("clock", clock)
    if isinstance(clock, AutoClock) or not isinstance(clock, ManualClock):
        # The default polls are made for the real service, which takes about 90 s.
        slowest_ms = max(delays.usual_ms, *delays.named_ms.values(), 100)
        policy = PollPolicy(expected=slowest_ms / 1000)
    else:
        # No schedule knows how far a test advances its clock: it polls after each advance.
        policy = PollPolicy(
            poll_times_s=(_INSTANT_S,),
            growth=0.0,
            min_interval=_INSTANT_S,
            max_interval=_INSTANT_S,
            jitter=0.0,
            job_interval=_INSTANT_S,
            max_requests_per_second=None,
        )
    options.setdefault("polling", policy)
    return options


def environment_of(endpoint_url: str) -> dict[str, str]:
    """Return the environment variables that point SDKs to a service, if they read them."""
    return {
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": endpoint_url,
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
