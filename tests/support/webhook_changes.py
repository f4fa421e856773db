"""Records and a teller for tests."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub_contracts import ids
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord, RoomRecord
from hubbub_contracts.bus.webhook_records import ToldRoom
from hubbub_contracts.webhook import WebhookEvent
from hubbub_webhooks.domain.stored_change import PeerWritten, RoomWritten, StoredChange
from hubbub_webhooks.domain.teller import Teller

CALL = "standup"
ROOM = ids.room_id(CALL)
AT = "2026-01-01T00:00:00.000Z"


def room(call_id: str = CALL) -> RoomWritten:
    """A room that exists."""
    room_id = ids.room_id(call_id)
    return RoomWritten(room_id, RoomRecord(room_id=room_id, call_id=call_id, codec_profile="1", created_at=1))


def room_gone(call_id: str = CALL) -> RoomWritten:
    """A room that was removed."""
    return RoomWritten(ids.room_id(call_id), None)


def peer(peer_id: str, *tracks: str, role: str = "participant", call_id: str = CALL) -> PeerWritten:
    """A peer with these producers, all of them microphones."""
    record = PeerRecord(
        room_id=ids.room_id(call_id),
        peer_id=peer_id,
        user_id=f"user of {peer_id}",
        display_name=peer_id.title(),
        app_data={},
        role=role,  # type: ignore[arg-type]
        joined_at=5,
        signaling_id="s",
        producers=[ProducerRecord(producer_id=each, kind="audio", app_data={}, paused=False) for each in tracks],
    )
    return PeerWritten(record.room_id, peer_id, record)


def peer_gone(peer_id: str, reason: str | None = "left", call_id: str = CALL) -> PeerWritten:
    """A peer that has left."""
    return PeerWritten(ids.room_id(call_id), peer_id, None, reason)


def tell(teller: Teller, changes: Sequence[StoredChange], bucket: str = "rooms", first: int = 1) -> list[WebhookEvent]:
    """Applies changes with consecutive sequences, and returns the events."""
    for revision, change in enumerate(changes, first):
        teller.apply(bucket, change, revision, AT)
    return events(teller.take(1, 1_000))


def events(rooms: Sequence[ToldRoom]) -> list[WebhookEvent]:
    """The events of a batch, room by room."""
    return [waiting.event for told in rooms for waiting in told.events]


def shown(all_events: Sequence[WebhookEvent]) -> list[str]:
    """Events as short texts: type, and peer or track."""
    texts = []
    for event in all_events:
        data = event.data
        what = data.track.producer_id if data.track else data.peer.peer_id if data.peer else ""
        texts.append(f"{event.type} {what}".strip())
    return texts
