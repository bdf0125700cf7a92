"""The AWS libraries that are installed."""

from __future__ import annotations

from importlib import import_module, util
from typing import Any

aioboto3: Any = import_module("aioboto3") if util.find_spec("aioboto3") else None
"""aioboto3; None where it is not installed."""
