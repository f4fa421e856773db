"""The events that tell a client of a change in its room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.socket import moderation
from hubbub_contracts.socket import producer as producers
from hubbub_contracts.socket import recording as recordings
from hubbub_contracts.socket import room as rooms
from hubbub_contracts.socket.base import Push

from .room_view import (
    ROOM_CHANGES,
    AccessChanged,
    ConnectionStateChanged,
    HandChanged,
    MuteChanged,
    PeerAdded,
    PeerAdmitted,
    PeerRemoved,
    ProducerAdded,
    ProducerPauseChanged,
    ProducerRemoved,
    RecordingStarted,
    RecordingStopped,
    RoleChanged,
    RoomRemoved,
    RoomView,
    UnmuteRequested,
    ViewChange,
)

_STOP_REASONS = {"left": "requested", "disk_full": "disk_full", "failed": "failed"}
"""The reason of a recorder's departure -> why the recording stopped."""


@dataclass(frozen=True, slots=True)
class Audience:
    """The client that gets the events."""

    peer_id: str
    moderator: bool = False
    """It sees the lobby."""


def is_private(change: ViewChange) -> bool:
    """Whether the change concerns the session of its peer alone: `pushes` has nothing for anybody else."""
    if isinstance(change, (*ROOM_CHANGES, PeerAdmitted)):
        return False
    return change.peer.hidden and not change.peer.waiting


def pushes(change: ViewChange, view: RoomView, *, own: bool, moderator: bool) -> Iterator[Push]:
    """The events of a change that `view` contains, for all clients that are told the same.

    `OwnPeer` handles what a change means for the client's own peer.

    Arguments:
        own: the change is one of the client's own peer.
        moderator: the client sees the lobby.
    """
    revision = view.revision
    match change:
        case RecordingStarted(recording):
            yield recordings.RecordingStarted(recording=recording, revision=revision)
        case RecordingStopped(recording_id, reason):
            yield recordings.RecordingStopped(
                recording_id=recording_id, reason=_STOP_REASONS.get(reason, "recorder_lost"), revision=revision
            )
        case AccessChanged(rules):
            yield moderation.RoomAccessChanged(locked=rules.locked, lobby=rules.lobby, revision=revision)
        case RoomRemoved():
            pass
        case MuteChanged() | RoleChanged() | HandChanged() if not change.peer.hidden:
            yield from _moderation_pushes(change, revision)
        case UnmuteRequested(_, request) if own:
            yield moderation.UnmuteRequested(source=request.source, asked_by=request.asked_by, revision=revision)
        case PeerAdded(peer) | PeerRemoved(peer) | PeerAdmitted(peer) if not own:
            if moderator:
                yield from _lobby_pushes(change, revision)
            if not peer.hidden:
                yield from _pushes(change, view)
        case _ if not own and not change.peer.hidden:
            yield from _pushes(change, view)


def _lobby_pushes(change: ViewChange, revision: int) -> Iterator[Push]:
    match change:
        case PeerAdded(peer) if peer.waiting:
            yield moderation.LobbyPeerJoined(peer=lobby_peer(peer), revision=revision)
        case PeerRemoved(peer) if peer.waiting:
            yield moderation.LobbyPeerLeft(peer_id=peer.peer_id, admitted=False, revision=revision)
        case PeerAdmitted(peer):
            yield moderation.LobbyPeerLeft(peer_id=peer.peer_id, admitted=True, revision=revision)


def _moderation_pushes(change: MuteChanged | RoleChanged | HandChanged, revision: int) -> Iterator[Push]:
    peer_id = change.peer.peer_id
    match change:
        case MuteChanged(_, source, muted):
            yield moderation.PeerMuted.model_validate(
                {"peerId": peer_id, "source": source, "muted": muted, "revision": revision}
            )
        case RoleChanged(_, role):
            yield moderation.RoleChanged.model_validate({"peerId": peer_id, "role": role, "revision": revision})
        case HandChanged(peer) if peer.hand_raised_at is not None:
            yield moderation.HandRaised(peer_id=peer_id, raised_at=peer.hand_raised_at, revision=revision)
        case HandChanged():
            yield moderation.HandLowered(peer_id=peer_id, revision=revision)


def _pushes(change: ViewChange, view: RoomView) -> Iterator[Push]:
    revision = view.revision
    match change:
        case PeerAdded(peer) | PeerAdmitted(peer):
            yield rooms.PeerJoined.model_validate(
                {
                    "peerId": peer.peer_id,
                    "userId": peer.user_id,
                    "displayName": peer.display_name,
                    "appData": peer.app_data,
                    "role": view.role_of(peer),
                    "muted": view.rules.muted_sources(peer.user_id),
                    "revision": revision,
                }
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


def peer_infos(view: RoomView, own_peer_id: str) -> list[rooms.PeerInfo]:
    """Every participant but the client's own, as `joinRoom` lists them."""
    return [
        rooms.PeerInfo.model_validate(
            {
                "peerId": peer.peer_id,
                "userId": peer.user_id,
                "displayName": peer.display_name,
                "appData": peer.app_data,
                "connectionState": peer.connection_state,
                "producers": [producer_info(producer) for producer in peer.producers],
                "role": view.role_of(peer),
                "muted": view.rules.muted_sources(peer.user_id),
                "handRaisedAt": peer.hand_raised_at,
            }
        )
        for peer in view.peers.values()
        if _is_visible(peer, own_peer_id)
    ]


def moderation_state(view: RoomView, audience: Audience) -> moderation.ModerationState | None:
    """What moderators have decided, for a client in the room; None when its peer is not in the view."""
    own = view.peers.get(audience.peer_id)
    if own is None:
        return None
    return moderation.ModerationState.model_validate(
        {
            "role": view.role_of(own),
            "locked": view.rules.locked,
            "lobby": view.rules.lobby,
            "muted": view.rules.muted_sources(own.user_id),
            "handRaisedAt": own.hand_raised_at,
            "waiting": [lobby_peer(peer) for peer in view.peers.values() if peer.waiting and audience.moderator],
        }
    )


def lobby_peer(peer: PeerRecord) -> moderation.LobbyPeer:
    """A peer in the lobby, as moderators see it."""
    return moderation.LobbyPeer(
        peer_id=peer.peer_id, user_id=peer.user_id, display_name=peer.display_name, app_data=peer.app_data
    )


def producer_info(producer: ProducerRecord) -> rooms.ProducerInfo:
    """A producer in the list of its peer."""
    return rooms.ProducerInfo(**_described(producer))


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
    return producers.ListedProducer(peer_id=peer.peer_id, user_id=peer.user_id, **_described(producer))


def _described(producer: ProducerRecord) -> dict[str, Any]:
    return {**producer.model_dump(), "source": producer.shows}
