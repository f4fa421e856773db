"""A node over a real bus: what signaling asks for, what the client gets, what goes over the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hubbub_contracts.bus.consumer import ResumeConsumer
from support.node_rig import Peer, fixture
from support.recording import AUDIO, VIDEO, Source

MakePeer = Callable[..., Awaitable[Peer]]


async def test_recorded_audio_reaches_another_peer(make_peer: MakePeer) -> None:
    sender = await make_peer()
    receiver = await make_peer(sender.room_id)
    up, down = await sender.open_transport("send"), await receiver.open_transport("recv")
    recorded = fixture("chromium-156/produce-audio-opus.json")
    producer_id = await sender.produce(up.id, recorded)
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    consumer_id, created = await receiver.consume(down.id, producer_id, capabilities)
    assert (created.kind, created.type, created.producer_paused) == ("audio", "simple", False)
    await receiver.ask(ResumeConsumer(room_id=receiver.room_id, peer_id=receiver.peer_id, consumer_id=consumer_id))
    source = Source(up, AUDIO, recorded["rtpParameters"]["encodings"][0]["ssrc"])
    stream = await down.hears(created.rtp_parameters["encodings"][0]["ssrc"])
    await source.stop()
    assert stream.packets >= 10


async def test_recorded_video_reaches_another_peer_once_a_key_frame_was_asked_for(make_peer: MakePeer) -> None:
    sender = await make_peer()
    receiver = await make_peer(sender.room_id)
    up, down = await sender.open_transport("send"), await receiver.open_transport("recv")
    recorded = fixture("chromium-156/produce-video-vp8.json")
    producer_id = await sender.produce(up.id, recorded)
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    consumer_id, created = await receiver.consume(down.id, producer_id, capabilities)
    source = Source(up, VIDEO, recorded["rtpParameters"]["encodings"][0]["ssrc"])
    up.on_key_frame_request = lambda _ssrc: source.ask_for_key_frame()
    await receiver.ask(ResumeConsumer(room_id=receiver.room_id, peer_id=receiver.peer_id, consumer_id=consumer_id))
    await down.hears(created.rtp_parameters["encodings"][0]["ssrc"])
    await source.stop()
    assert source.key_frame_requests >= 1
