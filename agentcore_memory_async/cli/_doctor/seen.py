"""What the checks look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import field, frozen

from agentcore_memory_async._wire import validation as check
from agentcore_memory_async.errors import AccessDeniedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agentcore_memory_async._transport.base import Answer


def _checked(function: Callable[[object], object]) -> Callable[[Any, Any, object], None]:
    """Return a validator by one of the client's checks; None stands for the usual."""

    def validate(_asked: Any, _attribute: Any, value: object) -> None:
        if value is not None:
            function(value)

    return validate


def _check_actor_id(value: object) -> object:
    return check.check_actor_id(value, hierarchical=True)


@frozen
class Asked:
    """
    What the doctor is asked to look at.

    Attributes:
        memory: Id or ARN of the memory; None where none was given.
        region: AWS region; None for the usual one.
        profile: Profile of the AWS configuration; None for the usual one.
        endpoint_url: Another address, such as that of the local service; None for the usual one.
        namespaces: Namespaces that a program reads, such as ``/facts/{actorId}/``.
        actor_id: Actor for whom requests are made; None for one of the doctor's own.
        write: Whether actions that write are tried.

    Raises:
        InvalidInputError: One of them is invalid.
    """

    memory: str | None = field(default=None, validator=_checked(check.check_memory_id))
    region: str | None = field(default=None, validator=_checked(check.check_region_name))
    profile: str | None = None
    endpoint_url: str | None = field(default=None, validator=_checked(check.check_endpoint_url))
    namespaces: tuple[str, ...] = ()
    actor_id: str | None = field(default=None, validator=_checked(_check_actor_id))
    write: bool = False

    @property
    def memory_id(self) -> str:
        """The id of the memory, without the parts of an ARN; empty if none was given."""
        return check.short_memory_id(self.memory or "")

    @property
    def region_of_arn(self) -> str:
        """The region of an ARN; empty where the memory is named by its id."""
        parts = (self.memory or "").split(":")
        return parts[3] if parts[0] == "arn" and len(parts) > 3 else ""


@frozen
class Endpoint:
    """
    Where requests to a service go.

    Attributes:
        service: Service, such as ``bedrock-agentcore``.
        region: Region.
        region_source: Where the region came from.
        endpoint_url: Endpoint.
        set_by: Setting that names the endpoint; empty where AWS's rules do.
        key: What gave the credentials, and the end of the access key; None if nothing is signed.
        proxies: Variables of the environment that name a proxy for the endpoint.
        is_elsewhere: Whether the service's name in another region can be resolved, where that of
            the endpoint cannot; None where that was not tried.
    """

    service: str
    region: str
    region_source: str = ""
    endpoint_url: str = ""
    set_by: str = ""
    key: tuple[str, str] | None = None
    proxies: tuple[str, ...] = ()
    is_elsewhere: bool | None = None

    @property
    def host(self) -> str:
        """Host name of the endpoint."""
        return urlsplit(self.endpoint_url).hostname or ""

    @property
    def is_aws(self) -> bool:
        """Whether AWS's own rules made the endpoint."""
        return self.host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))

    @property
    def where(self) -> str:
        """The region, and where it came from."""
        return f"region {self.region} (from {self.region_source})"


@frozen
class Reply:
    """
    What came of one request: an answer or an error.

    Attributes:
        operation: Wire name, such as ``ListEvents``.
        answer: Answer; None if there was an error.
        error: Error; None if there was an answer.
        offset_s: How far the service's clock is ahead of this machine's; None if that is unknown.
    """

    operation: str
    answer: Answer | None = None
    error: Exception | None = None
    offset_s: float | None = None

    @property
    def is_denied(self) -> bool:
        """Whether a permission is missing."""
        error = self.error
        return isinstance(error, AccessDeniedError) and error.code.startswith("AccessDenied")

    @property
    def is_lost(self) -> bool:
        """Whether no answer of the service came."""
        return self.answer is None and not isinstance(self.error, ServiceError)
