"""
Takes the place of Strands' ``tests/conftest.py``, which is there as ``conftest_original``.

Where its tests make a `RepositorySessionManager`, they get the package's session manager, and look
at what it has stored by the package's repository.
"""

from __future__ import annotations

import strands_backend
from strands.session import repository_session_manager
from tests.fixtures import mock_session_repository

from .conftest_original import *  # noqa: F403

mock_session_repository.MockedSessionRepository = strands_backend.MemoryRepository
repository_session_manager.RepositorySessionManager = strands_backend.MemoryManager
