"""Which producers a viewer receives."""

from __future__ import annotations

from typing import Any

import pytest

from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.types import MediaKind
from hubbub_signaling.domain.whep_slots import MAX_SPEAKERS, Subject, on_active_speaker, on_levels, wanted
from support.signaling_fakes import peer_record


def peer(peer_id: str, joined_at: int, **sources: str) -> PeerRecord:
    """A peer with producers by id, each of a source."""
    kinds: dict[str, Any] = {"camera": "video", "screen": "video"}
    producers = [
        ProducerRecord(producer_id=one, kind=kinds.get(source, "audio"), app_data={"source": source}, paused=False)
        for one, source in sources.items()
    ]
    return peer_record(peer_id).model_copy(update={"producers": producers, "joined_at": joined_at})


def spoke(peers: str) -> dict[MediaKind, list[str]]:
    """These are the last to speak, and the loudest."""
    return {"audio": peers.split(), "video": peers.split()}


PEERS = {
    one.peer_id: one
    for one in (
        peer("ann", 1, a_cam="camera", a_mic="microphone"),
        peer("bob", 2, b_mic="microphone", b_cam="camera", b_scr="screen", b_snd="screen-audio"),
        peer("cem", 3, c_mic="microphone", c_cam="camera"),
    )
}


@pytest.mark.parametrize(
    ("kinds", "current", "speakers", "subject", "expected"),
    [
        pytest.param("av", "- -", "", Subject("bob"), "b_mic b_cam", id="a peer"),
        pytest.param("av", "- -", "", Subject("bob", "screen"), "b_mic b_scr", id="its screen"),
        pytest.param("aavv", "- - - -", "", Subject("bob"), "b_mic b_snd b_cam -", id="more sections than tracks"),
        pytest.param("av", "b_mic b_cam", "", Subject("dan"), "- -", id="nobody"),
        pytest.param("av", "- -", "", Subject(), "a_mic a_cam", id="nobody has spoken"),
        pytest.param("av", "a_mic a_cam", "cem", Subject(), "c_mic c_cam", id="a new speaker"),
        pytest.param("vv", "a_cam c_cam", "bob cem", Subject(), "b_cam c_cam", id="nobody changes places"),
        pytest.param("vv", "c_cam b_cam", "bob cem", Subject(), "c_cam b_cam", id="the same two"),
        pytest.param("av", "- -", "cem", Subject(None, "screen"), "c_mic b_scr", id="a screen of anybody"),
    ],
)
def test_the_producer_of_each_section(kinds: str, current: str, speakers: str, subject: Subject, expected: str) -> None:
    sections: Any = [{"a": "audio", "v": "video"}[kind] for kind in kinds]
    before = [None if one == "-" else one for one in current.split()]
    after = wanted(sections, before, PEERS, spoke(speakers), subject)
    assert " ".join(one or "-" for one in after) == expected


def test_video_follows_the_speaker_and_audio_the_loudest() -> None:
    order: dict[MediaKind, list[str]] = {"audio": ["cem", "bob"], "video": ["bob", "cem"]}
    assert wanted(["audio", "video"], ["a_mic", "a_cam"], PEERS, order, Subject()) == ["c_mic", "b_cam"]


def test_a_paused_video_gives_way() -> None:
    ann = PEERS["ann"]
    paused = [one.model_copy(update={"paused": True}) for one in ann.producers]
    peers = PEERS | {"ann": ann.model_copy(update={"producers": paused})}
    assert wanted(["video"], ["a_cam"], peers, spoke("ann"), Subject()) == ["b_cam"]
    assert wanted(["video"], ["a_cam"], peers, spoke(""), Subject("ann")) == ["a_cam"]


def test_the_order_of_sound_changes_when_somebody_is_silent_or_becomes_the_active_speaker() -> None:
    order = on_levels([], ["ann", "bob"])
    assert order == ["ann", "bob"], "the loudest first"
    order = on_levels(order, ["bob", "ann"])
    assert order == ["ann", "bob"], "both still speak"
    assert on_levels(order, ["cem", "bob"]) == ["bob", "cem", "ann"]
    assert on_active_speaker(order, "bob") == ["bob", "ann"]


def test_the_order_is_bounded() -> None:
    many = [str(number) for number in range(100)]
    assert len(on_levels(many, ["ann"])) == len(on_active_speaker(many, "ann")) == MAX_SPEAKERS
