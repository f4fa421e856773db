"""The other participants and their tracks, as the server reports them.

- The server is the authority. A snapshot replaces the local state unconditionally.
- A user who rejoins with the same user id within `REJOIN_WINDOW` keeps the participant object, and a publication
  object for each source.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from hubbub_contracts.socket.producer import NewProducer, ProducerPaused, ProducerResumed
from hubbub_contracts.socket.room import PeerConnectionState, PeerInfo, PeerJoined, PeerLeft

from .participant import RemoteParticipant
from .publication import Kind, RemotePublication, Source
from .signaling import Signaling

_log = logging.getLogger(__name__)

REJOIN_WINDOW = 15.0
"""Seconds for which a participant who left is remembered."""
_SOURCES: dict[Kind, tuple[Source, ...]] = {"audio": ("microphone", "screen-audio"), "video": ("camera", "screen")}


@dataclass(frozen=True, slots=True)
class RemoteTrack:
    """A remote producer."""

    producer_id: str
    participant: RemoteParticipant
    publication: RemotePublication


@dataclass(frozen=True, slots=True)
class _Left:
    participant: RemoteParticipant
    at: float


class RosterListener(Protocol):
    """What the roster reports to."""

    def participant_joined(self, participant: RemoteParticipant) -> None:
        """A participant joined, or rejoined."""
        ...

    def participant_left(self, participant: RemoteParticipant, reason: str) -> None:
        """A participant left, after its tracks."""
        ...

    def tracks_changed(self) -> None:
        """A remote producer was added or removed."""
        ...


class Roster:
    """All other participants."""

    def __init__(
        self,
        make_publication: Callable[[Source, Kind], RemotePublication],
        listener: RosterListener,
        now: Callable[[], float],
    ) -> None:
        """`now` is a clock in seconds."""
        self._make_publication = make_publication
        self._listener = listener
        self._now = now
        self._by_peer_id: dict[str, RemoteParticipant] = {}
        self._tracks: dict[str, RemoteTrack] = {}
        self._recently_left: dict[str, _Left] = {}
        self._previous: dict[str, dict[Source, RemotePublication]] = {}
        """The former publications of participants, by participant id."""

    @property
    def participants(self) -> Mapping[str, RemoteParticipant]:
        """By participant id, in the order in which they joined."""
        return MappingProxyType({one.id: one for one in self._by_peer_id.values()})

    @property
    def tracks(self) -> Mapping[str, RemoteTrack]:
        """By producer id."""
        return MappingProxyType(self._tracks)

    def listen_to(self, signaling: Signaling) -> None:
        """Follows the server's events. `ProducerClosed` is left to the caller: it may be about an own producer."""
        on = signaling.on
        on(PeerJoined, self._on_joined)
        on(PeerLeft, lambda one: self.remove_peer(one.peer_id, one.reason))
        on(PeerConnectionState, lambda one: self.set_connection_state(one.peer_id, one.state))
        on(
            NewProducer,
            lambda one: self.add_producer(one.producer_id, one.peer_id, one.kind, one.app_data, paused=one.paused),
        )
        on(ProducerPaused, lambda one: self.set_paused(one.producer_id, paused=True))
        on(ProducerResumed, lambda one: self.set_paused(one.producer_id, paused=False))

    def apply_snapshot(self, peers: Sequence[PeerInfo]) -> None:
        """Replaces the state with a snapshot of the server."""
        present = {peer.peer_id for peer in peers}
        gone = {peer_id: one for peer_id, one in self._by_peer_id.items() if peer_id not in present}
        for peer in peers:
            if peer.peer_id not in self._by_peer_id:
                self._keep_rejoined(peer, gone)
        for peer_id in gone:
            self.remove_peer(peer_id, "disconnected")
        producer_ids = {producer.producer_id for peer in peers for producer in peer.producers}
        for producer_id in [one for one in self._tracks if one not in producer_ids]:
            self.remove_producer(producer_id)
        for peer in peers:
            self.add_peer(peer.peer_id, peer.user_id, peer.display_name, peer.app_data)
            self.set_connection_state(peer.peer_id, peer.connection_state)
            self._by_peer_id[peer.peer_id].set_standing(
                role=peer.role, muted=peer.muted, hand_raised_at=peer.hand_raised_at
            )
            for producer in peer.producers:
                self.add_producer(
                    producer.producer_id, peer.peer_id, producer.kind, producer.app_data, paused=producer.paused
                )

    def add_peer(self, peer_id: str, user_id: str, name: str, app_data: Mapping[str, Any]) -> None:
        """A participant joined. Does nothing for one that is known."""
        if peer_id in self._by_peer_id:
            return
        participant = self._take_recently_left(user_id)
        if participant is None:
            participant = RemoteParticipant(peer_id, user_id, name, app_data)
        else:
            participant.set_profile(name, app_data)
        participant.peer_id = peer_id
        participant.set_connected(True)
        self._by_peer_id[peer_id] = participant
        self._listener.participant_joined(participant)

    def remove_peer(self, peer_id: str, reason: str) -> None:
        """A participant left."""
        participant = self._by_peer_id.get(peer_id)
        if participant is None:
            return
        for track in [one for one in self._tracks.values() if one.participant is participant]:
            self.remove_producer(track.producer_id)
        del self._by_peer_id[peer_id]
        self._recently_left[participant.user_id] = _Left(participant, self._now())
        self._listener.participant_left(participant, reason)

    def add_producer(
        self, producer_id: str, peer_id: str, kind: str, app_data: Mapping[str, Any], *, paused: bool
    ) -> None:
        """A participant publishes a track."""
        participant = self._by_peer_id.get(peer_id)
        if participant is None:
            return
        known = self._tracks.get(producer_id)
        if known is not None:
            known.publication.set_muted(paused)
            return
        if kind not in ("audio", "video"):
            _log.warning("ignoring a track of %s: its kind is unknown", participant.name)
            return
        media_kind: Kind = "audio" if kind == "audio" else "video"
        source = _unused_source(participant, media_kind, app_data)
        if source is None:
            _log.warning("ignoring a track of %s: more %s tracks than sources", participant.name, kind)
            return
        publication = self._previous.get(participant.id, {}).get(source) or self._make_publication(source, media_kind)
        publication.set_muted(paused)
        self._tracks[producer_id] = RemoteTrack(producer_id, participant, publication)
        participant.add_publication(publication)
        self._listener.tracks_changed()

    def remove_producer(self, producer_id: str) -> None:
        """A participant no longer publishes a track."""
        track = self._tracks.pop(producer_id, None)
        if track is None:
            return
        self._previous.setdefault(track.participant.id, {})[track.publication.source] = track.publication
        track.participant.remove_publication(track.publication)
        track.publication.end_streams()
        self._listener.tracks_changed()

    def set_connection_state(self, peer_id: str, state: str) -> None:
        """States of newer servers leave the participant connected."""
        participant = self._by_peer_id.get(peer_id)
        if participant is not None:
            participant.set_connected(state != "disconnected")

    def set_paused(self, producer_id: str, *, paused: bool) -> None:
        """A participant paused or resumed a track."""
        track = self._tracks.get(producer_id)
        if track is not None:
            track.publication.set_muted(paused)

    def _on_joined(self, push: PeerJoined) -> None:
        self.add_peer(push.peer_id, push.user_id, push.display_name, push.app_data)
        self._by_peer_id[push.peer_id].set_standing(role=push.role, muted=push.muted, hand_raised_at=None)

    def _keep_rejoined(self, peer: PeerInfo, gone: dict[str, RemoteParticipant]) -> None:
        """Gives a peer the participant object of the same user that is in `gone`, and removes it from there."""
        previous = next((peer_id for peer_id, one in gone.items() if one.user_id == peer.user_id), None)
        if previous is None:
            return
        participant = gone.pop(previous)
        del self._by_peer_id[previous]
        self._by_peer_id[peer.peer_id] = participant
        participant.peer_id = peer.peer_id
        participant.set_profile(peer.display_name, peer.app_data)

    def _take_recently_left(self, user_id: str) -> RemoteParticipant | None:
        self._forget_who_left()
        left = self._recently_left.pop(user_id, None)
        return left.participant if left is not None else None

    def _forget_who_left(self) -> None:
        expired = [user_id for user_id, left in self._recently_left.items() if self._now() - left.at > REJOIN_WINDOW]
        for user_id in expired:
            self._previous.pop(self._recently_left.pop(user_id).participant.id, None)


def _unused_source(participant: RemoteParticipant, kind: Kind, app_data: Mapping[str, Any]) -> Source | None:
    """The source that `app_data` names, else the first unused one of this kind; None when all are in use."""
    unused = [source for source in _SOURCES[kind] if source not in participant.publications]
    named = app_data.get("source")
    return next((source for source in unused if source == named), unused[0] if unused else None)
