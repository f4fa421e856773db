"""Media that one peer produces arrives at another, over a real bus and real sockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hubbub_contracts.bus.consumer import RequestKeyFrame, ResumeConsumer
from support.node_rig import Peer, fixture, until
from support.recording import AUDIO, VIDEO, Source

MakePeer = Callable[..., Awaitable[Peer]]


async def test_audio_is_forwarded_to_another_peer(make_peer: MakePeer) -> None:
    sender = await make_peer()
    receiver = await make_peer(sender.room_id)
    up, down = await sender.open_transport("send"), await receiver.open_transport("recv")
    recorded = fixture("chromium-156/produce-audio-opus.json")
    producer_id = await sender.produce(up.id, recorded)
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    consumer_id, created = await receiver.consume(down.id, producer_id, capabilities)
    assert (created.kind, created.type, created.producer_paused) == ("audio", "simple", False)
    await receiver.request(ResumeConsumer(room_id=receiver.room_id, peer_id=receiver.peer_id, consumer_id=consumer_id))
    source = Source(up, AUDIO, recorded["rtpParameters"]["encodings"][0]["ssrc"])
    stream = await down.wait_packets(created.rtp_parameters["encodings"][0]["ssrc"])
    await source.stop()
    assert stream.packets >= 10


async def test_video_is_forwarded_after_a_key_frame_request_and_more_can_be_requested(make_peer: MakePeer) -> None:
    sender = await make_peer()
    receiver = await make_peer(sender.room_id)
    up, down = await sender.open_transport("send"), await receiver.open_transport("recv")
    recorded = fixture("chromium-156/produce-video-vp8.json")
    producer_id = await sender.produce(up.id, recorded)
    capabilities = fixture("chromium-156/recv-rtp-capabilities.json")
    consumer_id, created = await receiver.consume(down.id, producer_id, capabilities)
    source = Source(up, VIDEO, recorded["rtpParameters"]["encodings"][0]["ssrc"])
    up.on_key_frame_request = lambda _ssrc: source.request_key_frame()
    await receiver.request(ResumeConsumer(room_id=receiver.room_id, peer_id=receiver.peer_id, consumer_id=consumer_id))
    await down.wait_packets(created.rtp_parameters["encodings"][0]["ssrc"])
    assert source.key_frame_requests >= 1
    # The core repeats a request after a second. A key frame that is still on its way would be the answer to the next.
    await down.wait_packets(created.rtp_parameters["encodings"][0]["ssrc"], 20)
    requests = source.key_frame_requests
    await receiver.request(RequestKeyFrame(room_id=receiver.room_id, peer_id=receiver.peer_id, consumer_id=consumer_id))
    await until(lambda: source.key_frame_requests > requests)
    await source.stop()
