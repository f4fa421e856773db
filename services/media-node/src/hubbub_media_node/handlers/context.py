"""The context of the request handlers: the entities, the ports and the node's configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core import CoreError
from hubbub_media_core.commands import Command
from hubbub_service import Tasks

from ..domain.confirmation_tracker import DEFAULT_TIMEOUT
from ..domain.entity_store import EntityStore
from ..domain.peer_limits import PeerLimits
from ..domain.plain_access import PlainAccess
from ..domain.ports import (
    Core,
    DtlsEndpoints,
    MediaEventPublisher,
    NodeLease,
    NodeTelemetry,
    OtherNodes,
    RoomReplicas,
    SpeakerEventPublisher,
    WorkerLoads,
)
from ..domain.tenant_quotas import NodeTenantQuotas
from .keyed_locks import KeyedLocks

_CORE_ERRORS: dict[str, tuple[ErrorCode, bool]] = {
    "not_found": (ErrorCode.NOT_FOUND, True),
    "invalid_state": (ErrorCode.INVALID_STATE, False),
    "invalid_spec": (ErrorCode.INVALID_ARGUMENT, False),
    "limit_reached": (ErrorCode.QUOTA_EXCEEDED, False),
    "busy": (ErrorCode.UNAVAILABLE, True),
    "closed": (ErrorCode.UNAVAILABLE, True),
}
"""The core's error code -> our code, and whether a retry may succeed. Any other code is a bug: `internal`."""


@dataclass(frozen=True, slots=True)
class NodeContext:
    """The media node, as its handlers see it."""

    core: Core
    dtls: DtlsEndpoints
    media_events: MediaEventPublisher
    speaker_events: SpeakerEventPublisher
    replicas: RoomReplicas
    loads: WorkerLoads
    nodes: OtherNodes
    telemetry: NodeTelemetry
    lease: NodeLease
    tasks: Tasks
    """Runs background work that an event starts."""
    candidate_addresses: Callable[[], Sequence[str]]
    """The IP addresses for our ICE candidates, most preferred first. They change when an announced name moves."""
    link_ip: Callable[[], str]
    """Our IP address for links to other nodes."""
    stop: Callable[[], None]
    """Stops this node, as SIGTERM does."""
    tcp: bool
    """Offer TCP candidates besides UDP ones."""
    quotas: NodeTenantQuotas
    """Of the tenants of the same `entities`."""
    plain: PlainAccess | None = None
    """None: this node has no plain transports."""
    limits: PeerLimits = field(default_factory=PeerLimits)
    confirmation_timeout: float = DEFAULT_TIMEOUT
    """Seconds for which an object may be missing from its room's replica before it is closed."""
    room_peers_per_worker: int = 200
    """This many peers of a room share a worker before the room gets another one."""
    room_fan_out: int = 8
    """This many other nodes get a producer from its node; those get the further ones from them."""
    entities: EntityStore = field(default_factory=EntityStore)
    locks: KeyedLocks = field(default_factory=KeyedLocks)
    """Of the peers, by room and peer id."""
    pipe_locks: KeyedLocks = field(default_factory=KeyedLocks)
    """By what is opened: the core's ids of a producer and a router, or of two routers; a room and a producer, or a
    router and another node."""

    def require_accepting(self) -> None:
        """Raises `unavailable` when the node accepts no new work."""
        if not self.lease.accepts_work():
            raise HubbubError(ErrorCode.UNAVAILABLE, "this media node accepts no new work now", retryable=True)

    @staticmethod
    def translated(command: Command, error: CoreError) -> HubbubError:
        """The error of a refused command, for the requester."""
        code, retryable = _CORE_ERRORS.get(error.code, (ErrorCode.INTERNAL, False))
        return HubbubError(code, f"{command.type}: {error.code}", retryable=retryable)

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        """Executes a core command and returns its reply. Translates the core's errors to HubbubError."""
        try:
            return await self.core.call(worker, command)
        except CoreError as error:
            raise self.translated(command, error) from error
        except ValueError as error:
            # JSON allows a payload type of 0.0; the core's command encoding does not.
            raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"{command.type}: {error}") from error
