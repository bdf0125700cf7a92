"""
Takes the place of Strands' ``tests/conftest.py``, which is there as ``conftest_original``.

Its tests of the session manager have a repository of their own as its backend: here it is that of
the package.
"""

from __future__ import annotations

import strands_backend
from tests.fixtures import mock_session_repository

from .conftest_original import *  # noqa: F403

mock_session_repository.MockedSessionRepository = strands_backend.MemoryRepository
