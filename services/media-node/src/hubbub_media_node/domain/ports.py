"""The ports of the handlers; the adapters implement them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from hubbub_contracts.base import NodeRequest, ReplyT
from hubbub_contracts.bus.media import ClosureEvent, MediaEvent
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.bus.transport import Fingerprint
from hubbub_media_core.commands import Command
from hubbub_room import Projection

from .closures import PeerEvent

DtlsRole = Literal["client", "server"]


class Core(Protocol):
    """The workers of the media core. A refused command raises `hubbub_media_core.CoreError`."""

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The local IP address and port of each worker."""

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        """Executes a command and returns its reply."""

    def send(self, worker: int, command: Command) -> None:
        """Queues a command after those sent before, without waiting for its reply."""


class DtlsEndpoints(Protocol):
    """The server's side of each transport's DTLS association, by the transport's id in the core."""

    def open(
        self, transport: int, worker: int, on_connected: Callable[[], None], on_failed: Callable[[], None]
    ) -> Fingerprint:
        """Creates an endpoint and returns its certificate's fingerprint.

        `on_connected` is called when the handshake succeeds; `on_failed` when it fails, or when the certificate of the
        client is not the announced one.
        """

    def connect(self, transport: int, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Starts the handshake in our `role`. The client's certificate must match all `fingerprints`."""

    def ice_selected(self, transport: int) -> None:
        """ICE has selected a candidate pair: datagrams now reach the client."""

    def received(self, transport: int, datagram: bytes) -> None:
        """Processes a DTLS datagram from the client."""

    def close(self, transport: int) -> None:
        """Removes an endpoint. Does nothing when there is none."""


class MediaEventPublisher(Protocol):
    """Publishes media events to the sessions of their peers."""

    def publish(self, event: PeerEvent[MediaEvent]) -> None:
        """Queues an event after those before it; returns at once."""


class SpeakerEventPublisher(Protocol):
    """Publishes who speaks to the sessions of a room."""

    def publish(self, room_id: str, event: SpeakerEvent) -> None:
        """Queues an event; returns at once. The next one of its kind replaces it when it is lost."""


class NodeTelemetry(Protocol):
    """Counts the transports and closed objects of clients."""

    def transport_created(self) -> None:
        """A transport was created."""

    def transport_connected(self) -> None:
        """A transport's DTLS handshake succeeded."""

    def object_closed(self, event: ClosureEvent) -> None:
        """The owner of a closed object gets this event."""


class RoomReplicas(Protocol):
    """Replicas of the rooms that this node hosts."""

    def follow(self, room_id: str, projection: Projection) -> None:
        """Starts a replica of a room."""

    def unfollow(self, room_id: str) -> None:
        """Stops a room's replica. Does nothing when there is none."""

    def is_complete(self, room_id: str) -> bool:
        """The replica has missed nothing, and the bus connection is healthy."""


class OtherNodes(Protocol):
    """The other media nodes of the installation."""

    async def request(self, node: Placement, message: NodeRequest[ReplyT]) -> ReplyT:
        """Sends a request to an incarnation of a node. Raises HubbubError."""


class WorkerLoads(Protocol):
    """The load of the workers."""

    def cpu(self) -> Sequence[float]:
        """The CPU time of each worker over the last second, as a fraction of one core (0 to 1)."""


class NodeLease(Protocol):
    """The right to act as this node."""

    @property
    def placement(self) -> Placement:
        """The current incarnation. Raises RuntimeError before the first one."""

    def accepts_work(self) -> bool:
        """The lease is held and the node is not stopping. Thread-safe."""
