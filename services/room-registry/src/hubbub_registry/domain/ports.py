"""The ports that handlers use and adapters implement."""

from __future__ import annotations

from typing import Literal, Protocol

from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.revocation import RevocationRecord

from .rooms import Rooms

RemovalReason = Literal["empty", "closed"]
"""Why a room was removed: nobody was in it, or a moderator closed it."""


class PeerDeparted(Exception):
    """The peer has left and its key holds a tombstone: the id cannot be used again."""


class RegistryTelemetry(Protocol):
    """Counts what happens to requests."""

    def resume_token_reused(self) -> None:
        """A client resumed a session with a token that had been replaced, which ended the session."""


class RevocationStore(Protocol):
    """The bucket of revoked access tokens."""

    async def add(self, record: RevocationRecord, now: float) -> RevocationRecord:
        """Stores a revocation together with a former one of the same tokens, and returns both in one.

        `now` is in Unix seconds. Raises HubbubError.
        """

    async def lift(self, ban: RevocationRecord, now: float) -> None:
        """Ends the revocation that a ban wrote until `now`, in Unix seconds. Raises HubbubError."""


class RoomStore(Protocol):
    """The bucket of rooms: this replica's copy of it, and compare-and-set writes.

    A write returns as soon as the store has acknowledged it; `wait_for` returns once the copy contains it. A write that
    names an outdated revision raises `hubbub_bus.KeyConflict` once the copy contains the current one, so that the
    handler can decide again. Every method raises HubbubError when the store does not answer.
    """

    @property
    def rooms(self) -> Rooms:
        """This replica's copy."""

    @property
    def sequence(self) -> int:
        """The bucket's sequence up to which `rooms` is complete."""

    @property
    def identity(self) -> str | None:
        """The identity of the bucket; None before it is known."""

    async def confirm(self, identity: str | None, sequence: int) -> None:
        """Replaces a bucket that lacks what another process has seen of it: see `hubbub_bus.View.confirm`.

        Raises `unavailable` unless the bucket contains everything up to `sequence` of the bucket `identity`.
        """

    async def ready(self) -> None:
        """Returns once the copy is complete and current. Raises `unavailable` after a second, or while rebuilding."""

    async def refresh_room(self, room_id: str) -> None:
        """Returns once the copy is at least as new as the room's settings in the store."""

    async def refresh_peer(self, room_id: str, peer_id: str) -> None:
        """Returns once the copy is at least as new as the peer in the store."""

    async def refresh_all(self) -> None:
        """Returns once the copy is at least as new as the whole bucket."""

    async def wait_for(self, revision: int) -> None:
        """Returns once the copy contains the write with this revision. Raises `unavailable` after some seconds."""

    async def put_room(self, record: RoomRecord, last: int) -> int:
        """Replaces revision `last` of the settings; 0 creates them, also where a room was closed.

        Returns the new revision.
        """

    async def put_peer(self, record: PeerRecord, last: int) -> int:
        """Replaces revision `last` of the peer; 0 creates it. Returns the new revision. Raises PeerDeparted."""

    async def purge_room(self, room_id: str, last: int, reason: RemovalReason = "empty") -> None:
        """Removes revision `last` of the settings."""

    async def purge_peer(self, room_id: str, peer_id: str, last: int, reason: LeaveReason) -> None:
        """Replaces revision `last` of the peer by a tombstone with `reason`."""

    async def write_tombstone(self, room_id: str, peer_id: str, reason: LeaveReason) -> None:
        """Writes a tombstone for a peer that was never stored, so that a late join fails. Keeps an existing one."""
