"""Events about who speaks reach the clients of the room."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.producer import CreateProducer
from hubbub_contracts.bus.speaker import ActiveSpeakerChanged, AudioLevelsChanged
from hubbub_contracts.volume import PeerVolume
from support.signaling_fakes import SENDS, SignalingRig


def volume(peer_id: str) -> PeerVolume:
    return PeerVolume(peer_id=peer_id, volume=-20)


async def test_speakers_are_pushed_to_every_client_of_the_room() -> None:
    rig = SignalingRig()
    ann, bob = await rig.joined(), await rig.joined()
    ann.socket.sent.clear()
    [feed] = next(iter(rig.backend.speakers.values()))
    feed.on_event(ActiveSpeakerChanged(speaker=volume(ann.peer_id)))
    feed.on_event(AudioLevelsChanged(levels=[volume(ann.peer_id)]))
    feed.on_event(AudioLevelsChanged(levels=[]))
    expected = [
        ("activeSpeaker", {"peerId": ann.peer_id, "volume": -20}),
        ("audioLevels", {"levels": [{"peerId": ann.peer_id, "volume": -20}]}),
        ("audioLevels", {"levels": []}),
    ]
    assert ann.socket.sent == bob.socket.sent == expected


async def test_peers_whom_the_client_does_not_know_are_left_out() -> None:
    rig = SignalingRig()
    ann = await rig.joined()
    [feed] = next(iter(rig.backend.speakers.values()))
    feed.on_event(ActiveSpeakerChanged(speaker=volume("stranger")))
    feed.on_event(AudioLevelsChanged(levels=[volume("stranger"), volume(ann.peer_id)]))
    assert ann.socket.sent == [("audioLevels", {"levels": [{"peerId": ann.peer_id, "volume": -20}]})]


async def test_a_client_that_joins_gets_the_active_speaker() -> None:
    rig = SignalingRig()
    ann = await rig.joined()
    [feed] = next(iter(rig.backend.speakers.values()))
    feed.on_event(ActiveSpeakerChanged(speaker=volume(ann.peer_id)))
    bob = rig.client()
    await bob.join()
    assert [name for name, _ in bob.socket.sent] == ["ack", "activeSpeaker"]
    assert bob.socket.sent[1] == ("activeSpeaker", {"peerId": ann.peer_id, "volume": -20})


async def test_the_subscription_ends_with_the_last_session() -> None:
    rig = SignalingRig()
    ann = await rig.joined()
    [feed] = next(iter(rig.backend.speakers.values()))
    await ann.ask("leaveRoom")
    assert feed.stopped


@pytest.mark.parametrize(
    ("app_data", "expected"),
    [
        ({}, True),
        ({"source": "microphone"}, True),
        ({"source": ["screen-audio"]}, True),
        ({"source": "screen-audio"}, False),
    ],
)
async def test_the_sound_of_a_shared_screen_is_no_microphone(app_data: dict[str, object], expected: bool) -> None:
    rig = SignalingRig()
    client = await rig.joined()
    client.session.resources.transports["up"] = SENDS
    await client.ask("produce", {"transportId": "up", "kind": "audio", "rtpParameters": {}, "appData": app_data})
    [request] = [one for one in rig.backend.node_requests if isinstance(one, CreateProducer)]
    assert request.is_microphone is expected
