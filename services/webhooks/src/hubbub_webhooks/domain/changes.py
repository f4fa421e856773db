"""Compares a stored change with what an endpoint was told of the room, and tells the difference.

Each function returns what the endpoint knows afterwards, and the events that tell it. A change that was told before
causes none, so the same functions work off a log, its repetitions, and a listing after a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hubbub_contracts.bus.call_records import CallRecord
from hubbub_contracts.bus.recording_records import RecordingRecord
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.bus.webhook_records import ToldCall, ToldPeer, ToldRecording, ToldRoom
from hubbub_contracts.call import CallInfo
from hubbub_contracts.recording import RecordingInfo
from hubbub_contracts.webhook import EventType, WebhookPeer, WebhookTrack

MAX_RECORDINGS = 32
"""Of a room, of which an endpoint's state is remembered."""
ROOM_CLOSED = "room_closed"


@dataclass(frozen=True, slots=True)
class Happened:
    """An event without its place in the order of the room."""

    type: EventType
    peer: WebhookPeer | None = None
    track: WebhookTrack | None = None
    reason: str | None = None
    call: CallInfo | None = None
    recording: RecordingInfo | None = None
    composition_id: str | None = None


Told = tuple[ToldRoom, list[Happened]]


def room_changed(told: ToldRoom, record: RoomRecord | None) -> Told:
    """The room was created, changed, or removed (None)."""
    if record is not None:
        if told.open:
            return told, []
        return told.model_copy(update={"open": True}), [Happened("room.started")]
    if not told.open:
        return told, []
    events: list[Happened] = []
    for peer_id in list(told.peers):
        told, left = peer_left(told, peer_id, ROOM_CLOSED)
        events += left
    return told.model_copy(update={"open": False}), [*events, Happened("room.ended")]


def peer_changed(told: ToldRoom, record: PeerRecord) -> Told:
    """A peer joined, or its record changed. Nothing is told of peers that the others in the room do not see."""
    if record.hidden or not told.open:
        return peer_left(told, record.peer_id, None)
    known = told.peers.get(record.peer_id)
    peer = WebhookPeer(
        peer_id=record.peer_id,
        user_id=record.user_id,
        display_name=record.display_name,
        joined_at=record.joined_at,
    )
    before = {} if known is None else known.tracks
    after = {
        each.producer_id: WebhookTrack(producer_id=each.producer_id, kind=each.kind, source=each.shows or "other")
        for each in record.producers
    }
    events = [] if known is not None else [Happened("peer.joined", peer)]
    events += [Happened("track.unpublished", peer, track) for i, track in before.items() if i not in after]
    events += [Happened("track.published", peer, track) for i, track in after.items() if i not in before]
    now = ToldPeer(**peer.model_dump(by_alias=False), tracks=after)
    return told.model_copy(update={"peers": {**told.peers, record.peer_id: now}}), events


def peer_left(told: ToldRoom, peer_id: str, reason: str | None) -> Told:
    """A peer has left, or is not visible any more."""
    known = told.peers.get(peer_id)
    if known is None:
        return told, []
    peer = WebhookPeer(**known.model_dump(by_alias=False, exclude={"tracks"}))
    events = [Happened("track.unpublished", peer, track) for track in known.tracks.values()]
    peers = {other: value for other, value in told.peers.items() if other != peer_id}
    return told.model_copy(update={"peers": peers}), [*events, Happened("peer.left", peer, reason=reason or "other")]


_CALL_EVENTS: Mapping[str, tuple[EventType, ...]] = {
    "ringing": ("call.started",),
    "active": ("call.started", "call.answered"),
    "ended": ("call.started", "call.ended"),
}
"""What has happened in a call of this state: what was not told yet is told."""
_TOLD_CALL_EVENTS: Mapping[str | None, frozenset[EventType]] = {
    None: frozenset(),
    "ringing": frozenset({"call.started"}),
    "active": frozenset({"call.started", "call.answered"}),
}


def call_changed(told: ToldRoom, key: str, record: CallRecord) -> Told:
    """A call was started, answered or ended. A group's call is active from its start, without an answer."""
    state = record.state
    known = told.call.info.state if told.call is not None else None
    happened = _CALL_EVENTS.get(state, ())
    if record.group_id is not None:
        happened = tuple(each for each in happened if each != "call.answered")
    info = record.info()
    told_before = _TOLD_CALL_EVENTS.get(known, frozenset())
    events = [Happened(each, call=info) for each in happened if each not in told_before]
    if known is None and state == "ended" and told.idle:
        return told, []  # it was told before, and is about to be removed
    call = None if state == "ended" else ToldCall(key=key, info=info)
    return told.model_copy(update={"call": call}), events


def call_removed(told: ToldRoom) -> Told:
    """The record of a call is gone, which happens after its end was written."""
    if told.call is None:
        return told, []
    info = told.call.info.model_copy(update={"state": "ended", "end_reason": "other", "ring_until": None})
    return told.model_copy(update={"call": None}), [Happened("call.ended", call=info)]


def recording_changed(told: ToldRoom, record: RecordingRecord) -> Told:
    """A recording was started, stopped or completed, or one of its compositions was."""
    known = told.recordings.get(record.recording_id)
    order: Mapping[str, EventType] = {
        "recording": "recording.started",
        "processing": "recording.stopped",
        "finished": "recording.finished",
    }
    states = list(order)
    if record.state not in order:
        return told, []
    reached = states.index(record.state)
    before = -1 if known is None else states.index(known.state)
    events = [Happened(order[state], recording=record.info()) for state in states[before + 1 : reached + 1]]
    finished = [] if known is None else known.finished_compositions
    done = [one.composition_id for one in record.compositions if one.state in ("done", "failed")]
    events += [
        Happened("composition.finished", recording=record.info(), composition_id=each)
        for each in done
        if each not in finished
    ]
    state = record.state if reached >= before else states[before]
    recordings = {**told.recordings, record.recording_id: ToldRecording(state=state, finished_compositions=done)}
    for oldest in list(recordings)[:-MAX_RECORDINGS]:
        del recordings[oldest]
    return told.model_copy(update={"recordings": recordings}), events
