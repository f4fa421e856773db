"""Participants and their tracks: snapshots, rejoining, sources."""

from __future__ import annotations

from typing import Any

from hubbub_client import RemoteParticipant, RemotePublication
from hubbub_client.roster import REJOIN_WINDOW, Roster
from hubbub_contracts.socket.room import PeerInfo, ProducerInfo


class Recorded:
    """A roster, and what it reports."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []
        self.roster = Roster(lambda source, kind: RemotePublication(source, kind, lambda: None), self, lambda: self.now)

    def participant_joined(self, participant: RemoteParticipant) -> None:
        self.log.append(f"{participant.name} joined")

    def participant_left(self, participant: RemoteParticipant, reason: str) -> None:
        self.log.append(f"{participant.name} {reason}")

    def tracks_changed(self) -> None:
        self.log.append("tracks")

    def ann(self) -> RemoteParticipant:
        return next(one for one in self.roster.participants.values() if one.name == "Ann")


def peer(peer_id: str, name: str, *producers: ProducerInfo, state: Any = "connected") -> PeerInfo:
    """A peer of a snapshot; the user id is the name."""
    return PeerInfo(
        peer_id=peer_id, user_id=name, display_name=name, app_data={}, connection_state=state, producers=list(producers)
    )


def producer(producer_id: str, kind: Any = "video", source: str | None = None, *, paused: bool = False) -> ProducerInfo:
    """A producer of a snapshot."""
    return ProducerInfo(
        producer_id=producer_id, kind=kind, app_data={"source": source} if source else {}, paused=paused
    )


def test_a_snapshot_replaces_everything() -> None:
    recorded = Recorded()
    recorded.roster.apply_snapshot([peer("a", "Ann", producer("1", "audio")), peer("b", "Ben")])
    assert recorded.log == ["Ann joined", "tracks", "Ben joined"]
    ann = recorded.ann()
    recorded.roster.apply_snapshot([peer("a", "Ann", producer("2", paused=True), state="disconnected")])
    assert recorded.log[3:] == ["Ben disconnected", "tracks", "tracks"]
    assert recorded.ann() is ann
    assert not ann.connected
    assert {source: one.muted for source, one in ann.publications.items()} == {"camera": True}


def test_a_user_who_rejoins_keeps_the_objects() -> None:
    recorded = Recorded()
    recorded.roster.apply_snapshot([peer("a", "Ann", producer("1"))])
    ann, camera = recorded.ann(), recorded.ann().publications["camera"]
    recorded.roster.apply_snapshot([peer("z", "Ann", producer("2"))])
    assert (recorded.ann(), recorded.ann().publications["camera"], ann.peer_id) == (ann, camera, "z")
    recorded.roster.remove_peer("z", "left")
    recorded.now = REJOIN_WINDOW
    recorded.roster.add_peer("y", "Ann", "Ann", {})
    recorded.roster.add_producer("3", "y", "video", {}, paused=False)
    assert (recorded.ann(), recorded.ann().publications["camera"]) == (ann, camera)
    recorded.roster.remove_peer("y", "left")
    recorded.now += REJOIN_WINDOW + 1
    recorded.roster.add_peer("x", "Ann", "Ann", {})
    assert recorded.ann() is not ann


def test_tracks_get_the_source_that_they_name_or_an_unused_one() -> None:
    recorded = Recorded()
    tracks = [
        producer("1", "video", "screen"),
        producer("2", "video", "screen"),
        producer("3", "video"),
        producer("4", "audio", "nonsense"),
        producer("5", "other"),
    ]
    recorded.roster.apply_snapshot([peer("a", "Ann", *tracks)])
    assert list(recorded.ann().publications) == ["screen", "camera", "microphone"]
    assert list(recorded.roster.tracks) == ["1", "2", "4"]


def test_who_left_is_not_remembered_for_ever() -> None:
    recorded = Recorded()
    for number in range(1000):
        recorded.now = float(number)
        recorded.roster.add_peer(f"{number}", f"user {number}", "", {})
        recorded.roster.add_producer(f"p{number}", f"{number}", "audio", {}, paused=False)
        recorded.roster.remove_peer(f"{number}", "left")
    assert len(recorded.roster._recently_left) <= REJOIN_WINDOW + 1
    assert len(recorded.roster._previous) <= REJOIN_WINDOW + 1
