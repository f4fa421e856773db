"""What the handlers need of the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from hubbub_contracts.bus.transport import Fingerprint
from hubbub_media_core.commands import Command

from .closures import Notice, Told

DtlsRole = Literal["client", "server"]


class Core(Protocol):
    """The workers. A refused command raises `hubbub_media_core.CoreError`."""

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where each worker is bound."""

    async def call(self, worker: int, command: Command) -> dict[str, Any]:
        """Executes a command and waits until it is done."""

    def send(self, worker: int, command: Command) -> None:
        """Executes a command after those that were sent before."""


class DtlsEndpoints(Protocol):
    """Our side of each transport's DTLS association, by the transport's id in the core."""

    def open(self, transport: int, worker: int) -> Fingerprint:
        """Makes an endpoint and gives the fingerprint of its certificate."""

    def connect(self, transport: int, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Begins the handshake in our `role`; the client's certificate must have all these fingerprints."""

    def ice_selected(self, transport: int) -> None:
        """The client can be reached from now on."""

    def received(self, transport: int, datagram: bytes) -> None:
        """A datagram came from the client."""

    def close(self, transport: int) -> None:
        """Forgets an endpoint; one that is not there is passed over."""


class Notices(Protocol):
    """How peers are told of closures."""

    def tell(self, told: Told) -> None:
        """Sends a notice, after those before it; it waits for nothing."""


class Watcher(Protocol):
    """Whoever counts how clients fare."""

    def transport_created(self) -> None:
        """A transport was made."""

    def transport_connected(self) -> None:
        """Its client was reached, and is who it said."""

    def closed(self, notice: Notice) -> None:
        """The owner of an object is told that it ended."""


class RoomFeeds(Protocol):
    """The feeds of the rooms that this node hosts."""

    def follow(self, room_id: str) -> None:
        """Listens to a room; once is enough."""

    def leave(self, room_id: str) -> None:
        """Listens no more."""


class Load(Protocol):
    """How busy the workers are."""

    def cpu(self) -> Sequence[float]:
        """Of each worker, over the last second: 0..1 of one core."""
