"""
The questions to the service, each with its probe.

Their order is that of a run: the lags come first, since others wait until what they wrote is seen.
"""

from __future__ import annotations

from agentcore_memory_async.verify._probes.actors import ACTORS
from agentcore_memory_async.verify._probes.events import BLOBS, ERRORS, SIZES
from agentcore_memory_async.verify._probes.lags import EVENT_LAGS, RECORD_LAGS
from agentcore_memory_async.verify._probes.probe import Observation as Observation
from agentcore_memory_async.verify._probes.probe import Probe as Probe
from agentcore_memory_async.verify._probes.quotas import QUOTAS
from agentcore_memory_async.verify._probes.records import NAMESPACES, PAGES
from agentcore_memory_async.verify._probes.sessions import BRANCHES, FILTERS, SESSIONS, TIES
from agentcore_memory_async.verify._probes.tokens import LIFETIME, TOKENS

PROBES = (
    EVENT_LAGS,
    RECORD_LAGS,
    TOKENS,
    BLOBS,
    TIES,
    BRANCHES,
    FILTERS,
    SESSIONS,
    ACTORS,
    NAMESPACES,
    PAGES,
    ERRORS,
    QUOTAS,
    SIZES,
    LIFETIME,
)
"""All probes, in the order of a run."""
