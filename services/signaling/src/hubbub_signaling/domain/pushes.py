"""The events that tell a client of a change in its room."""

from __future__ import annotations

from collections.abc import Iterator

from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.socket import producer as producers
from hubbub_contracts.socket import recording as recordings
from hubbub_contracts.socket import room as rooms
from hubbub_contracts.socket.base import Push

from .room_view import (
    ConnectionStateChanged,
    PeerAdded,
    PeerRemoved,
    ProducerAdded,
    ProducerPauseChanged,
    ProducerRemoved,
    RecordingStarted,
    RecordingStopped,
    RoomRemoved,
    ViewChange,
)

_STOP_REASONS = {"left": "requested", "disk_full": "disk_full", "failed": "failed"}
"""The reason of a recorder's departure -> why the recording stopped."""


def pushes(change: ViewChange, own_peer_id: str, revision: int) -> Iterator[Push]:
    """The events of a change of another participant. `Session` handles the changes of the client's own peer."""
    match change:
        case RecordingStarted(recording):
            yield recordings.RecordingStarted(recording=recording, revision=revision)
        case RecordingStopped(recording_id, reason):
            yield recordings.RecordingStopped(
                recording_id=recording_id, reason=_STOP_REASONS.get(reason, "recorder_lost"), revision=revision
            )
        case RoomRemoved():
            pass
        case _ if _is_visible(change.peer, own_peer_id):
            yield from _pushes(change, revision)


def _pushes(change: ViewChange, revision: int) -> Iterator[Push]:
    match change:
        case PeerAdded(peer):
            yield rooms.PeerJoined(
                peer_id=peer.peer_id,
                user_id=peer.user_id,
                display_name=peer.display_name,
                app_data=peer.app_data,
                revision=revision,
            )
        case PeerRemoved(peer, reason):
            yield rooms.PeerLeft.model_validate(
                {"peerId": peer.peer_id, "userId": peer.user_id, "reason": reason, "revision": revision}
            )
        case ConnectionStateChanged(peer):
            yield rooms.PeerConnectionState(peer_id=peer.peer_id, state=peer.connection_state, revision=revision)
        case ProducerAdded(peer, producer):
            yield producers.NewProducer(**_listed(peer, producer).model_dump(), revision=revision)
        case ProducerRemoved(peer, producer):
            yield producers.ProducerClosed(producer_id=producer.producer_id, peer_id=peer.peer_id, revision=revision)
        case ProducerPauseChanged(peer, producer):
            event = producers.ProducerPaused if producer.paused else producers.ProducerResumed
            yield event(producer_id=producer.producer_id, peer_id=peer.peer_id, revision=revision)


def peer_infos(peers: dict[str, PeerRecord], own_peer_id: str) -> list[rooms.PeerInfo]:
    """Every participant but the client's own, as `joinRoom` lists them."""
    return [
        rooms.PeerInfo(
            peer_id=peer.peer_id,
            user_id=peer.user_id,
            display_name=peer.display_name,
            app_data=peer.app_data,
            connection_state=peer.connection_state,
            producers=[producer_info(producer) for producer in peer.producers],
        )
        for peer in peers.values()
        if _is_visible(peer, own_peer_id)
    ]


def producer_info(producer: ProducerRecord) -> rooms.ProducerInfo:
    """A producer in the list of its peer."""
    return rooms.ProducerInfo(**producer.model_dump())


def listed_producers(peers: dict[str, PeerRecord], own_peer_id: str) -> list[producers.ListedProducer]:
    """Every producer but the client's own, as `getProducers` lists them."""
    return [
        _listed(peer, producer)
        for peer in peers.values()
        if _is_visible(peer, own_peer_id)
        for producer in peer.producers
    ]


def _is_visible(peer: PeerRecord, own_peer_id: str) -> bool:
    return peer.peer_id != own_peer_id and not peer.hidden


def _listed(peer: PeerRecord, producer: ProducerRecord) -> producers.ListedProducer:
    return producers.ListedProducer(peer_id=peer.peer_id, user_id=peer.user_id, **producer.model_dump())
