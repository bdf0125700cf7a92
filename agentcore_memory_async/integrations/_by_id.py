"""Records by their ids, also where the permissions are limited to namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._wire.validation import check_memory_record_id
from agentcore_memory_async.errors import AccessDeniedError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection

    from agentcore_memory_async.actor import AsyncActor
    from agentcore_memory_async.models import MemoryRecord
    from agentcore_memory_async.session import AsyncMemorySession


async def find_record(
    view: AsyncActor | AsyncMemorySession, record_id: str, namespaces: Collection[str]
) -> MemoryRecord | None:
    """
    Return a record by its id, wherever it is, or None if there is none.

    A policy that is limited to namespaces refuses a request that names none of them, and an id
    does not tell its namespace. So one after the other is named, until the record is found; it may
    be in another namespace than was named.

    Args:
        view: Actor or session.
        record_id: Id of the record. A model's guess need not be one; then there is no record.
        namespaces: Namespaces that it may be in; none where nothing is known of it.

    Raises:
        AccessDeniedError: Each of the requests was refused.
    """
    try:
        check_memory_record_id("record_id", record_id)
    except InvalidInputError:
        return None
    named: list[str | None] = list(namespaces) or [None]
    refused: list[AccessDeniedError] = []
    for namespace in named:
        try:
            return await view.get_memory_record(record_id, namespace=namespace)
        except NotFoundError:
            continue
        except AccessDeniedError as error:
            refused.append(error)
    if len(refused) == len(named):
        raise refused[0]
    return None
