"""The Python SDK in real calls: media, tracks that come and go, lost sockets, moved rooms."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hubbub_client import Call, CallError, FrameStream, InboundStats, OutboundStats, RemotePublication, TransportStats
from hubbub_client import call as call_module
from hubbub_contracts.socket.consumer import ResumeConsumer
from support import udp_relay
from support.bus_client import bus_client
from support.installation import Installation
from support.python_sdk import WITHIN, participant_of, publication_of, until
from support.tcp_proxy import TcpProxy
from support.tracks import PictureTrack, ToneTrack


@contextlib.asynccontextmanager
async def two_calls(installation: Installation, call_id: str, **options: Any) -> AsyncIterator[tuple[Call, Call]]:
    """Ann and Bob in one room."""
    async with Call(installation.url, call_id, "Ann", **options) as ann, Call(installation.url, call_id, "Bob") as bob:
        yield ann, bob


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_encoded_and_decoded_frames_arrive(installation: Installation, call_id: str, codec: Any) -> None:
    async with two_calls(installation, call_id, codec=codec) as (ann, bob):
        await ann.local.publish(ToneTrack(), "microphone")
        await ann.local.publish(PictureTrack(160, 120), "camera")
        microphone = await publication_of(bob, "Ann", "microphone")
        camera = await publication_of(bob, "Ann", "camera")
        async with asyncio.timeout(WITHIN), microphone.frames() as sound, camera.frames() as pictures:
            encoded = [await anext(pictures) for _ in range(10)]
            assert encoded[0].key_frame
            assert {one.codec for one in encoded} == {codec}
            assert [one.timestamp for one in encoded] == sorted({one.timestamp for one in encoded})
            packets = [await anext(sound) for _ in range(10)]
            assert {one.codec for one in packets} == {"opus"}
            assert packets[0].audio_level is not None
        async with asyncio.timeout(WITHIN), microphone.audio_frames() as samples, camera.video_frames() as decoded:
            picture = await anext(decoded)
            assert (picture.width, picture.height) == (160, 120)
            heard = [await anext(samples) for _ in range(5)]
            assert {(one.sample_rate, one.layout.name) for one in heard} == {(48_000, "stereo")}


async def test_muting_unpublishing_and_leaving_reach_the_others(installation: Installation, call_id: str) -> None:
    async with two_calls(installation, call_id) as (ann, bob):
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(bob, "Ann", "microphone")
        async with microphone.frames() as sound:
            await asyncio.wait_for(anext(sound), WITHIN)
            await ann.local.set_muted("microphone", True)
            await until(lambda: microphone.muted)
            await ann.local.set_muted("microphone", False)
            await until(lambda: not microphone.muted)
            await next_new(sound)
            await ann.local.unpublish("microphone")
            async with asyncio.timeout(WITHIN):
                async for _ in sound:
                    pass
        await ann.leave()
        await until(lambda: not bob.participants)
        assert (ann.state, ann.ended and ann.ended.reason) == ("ended", "left")
        with pytest.raises(CallError, match="invalid_state"):
            await ann.local.publish(ToneTrack(), "microphone")


async def test_the_end_of_a_track_unpublishes_it(installation: Installation, call_id: str) -> None:
    async with two_calls(installation, call_id) as (ann, bob):
        track = ToneTrack()
        await ann.local.publish(track, "microphone")
        await publication_of(bob, "Ann", "microphone")
        track.end()
        await until(lambda: "microphone" not in bob.participants[next(iter(bob.participants))].publications)
        assert not ann.local.publications


async def next_new(frames: FrameStream[Any]) -> Any:
    """The next frame that arrives from now on."""
    frames.clear()
    return await asyncio.wait_for(anext(frames), WITHIN)


async def test_a_lost_socket_is_resumed_while_frames_go_on(installation: Installation, call_id: str) -> None:
    async with (
        TcpProxy(int(installation.url.rpartition(":")[2])) as proxy,
        Call(installation.url, call_id, "Ann") as ann,
        Call(f"http://127.0.0.1:{proxy.port}", call_id, "Bob") as bob,
    ):
        await ann.local.publish(ToneTrack(), "microphone")
        await ann.local.publish(PictureTrack(160, 120), "camera")
        microphone = await publication_of(bob, "Ann", "microphone")
        camera = await publication_of(bob, "Ann", "camera")
        peer_id = bob.local.peer_id
        async with microphone.frames() as sound, camera.frames() as pictures:
            await next_new(sound)
            await next_new(pictures)
            await proxy.cut()
            await until(lambda: bob.state == "reconnecting")
            assert bob.reconnect_cause == "socket"
            await next_new(sound)
            await ann.local.unpublish("camera")
            await next_new(sound)
            await proxy.start()
            await until(lambda: bob.state == "connected")
            await next_new(sound)
            async with asyncio.timeout(WITHIN):
                async for _ in pictures:
                    pass
        assert bob.local.peer_id == peer_id
        assert list(participant_of(bob, "Ann").publications) == ["microphone"]  # type: ignore[union-attr]


async def test_frames_go_on_when_the_socket_is_lost_before_the_answer_to_a_resume(
    installation: Installation, call_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        TcpProxy(int(installation.url.rpartition(":")[2])) as proxy,
        Call(installation.url, call_id, "Ann") as ann,
        Call(f"http://127.0.0.1:{proxy.port}", call_id, "Bob") as bob,
    ):
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(bob, "Ann", "microphone")
        request = bob._signaling.request

        async def without_answer(message: Any, *rest: Any) -> Any:
            if isinstance(message, ResumeConsumer):
                proxy.block(to_target=False)
            return await request(message, *rest)

        with monkeypatch.context() as patched:
            patched.setattr(bob._signaling, "request", without_answer)
            async with microphone.frames() as sound:
                await next_new(sound)
                await proxy.cut()
                await until(lambda: bob.state == "reconnecting")
                await next_new(sound)
                patched.undo()
                await proxy.start()
                await until(lambda: bob.state == "connected")
                await next_new(sound)


async def test_a_session_that_expired_is_joined_again(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, reconnect_grace=0.5) as installation:
        async with (
            TcpProxy(int(installation.url.rpartition(":")[2])) as proxy,
            Call(installation.url, call_id, "Ann") as ann,
            Call(f"http://127.0.0.1:{proxy.port}", call_id, "Bob") as bob,
        ):
            await bob.local.publish(ToneTrack(), "microphone")
            await publication_of(ann, "Bob", "microphone")
            before = await until(lambda: participant_of(ann, "Bob"))
            peer_id = bob.local.peer_id
            await proxy.cut()
            await until(lambda: not ann.participants)
            await proxy.start()
            await until(lambda: bob.state == "connected")
            assert bob.local.peer_id != peer_id
            microphone = await publication_of(ann, "Bob", "microphone")
            assert participant_of(ann, "Bob") is before
            async with microphone.frames() as sound:
                await next_new(sound)


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
async def test_a_dead_node_gets_new_transports(fresh_installation: Installation, call_id: str) -> None:
    installation = fresh_installation
    async with two_calls(installation, call_id) as (ann, bob), bus_client(installation) as client:
        published: asyncio.Queue[RemotePublication] = asyncio.Queue()
        bob.on("published", lambda _participant, publication: published.put_nowait(publication))
        await ann.local.publish(ToneTrack(), "microphone")
        first = await asyncio.wait_for(published.get(), WITHIN)
        async with first.frames() as sound:
            await next_new(sound)
            home = await client.placement(call_id, ann.local.peer_id)
            await asyncio.to_thread(next(one for one in installation.nodes if one.name == home.node_id).kill)
            async with asyncio.timeout(WITHIN):
                async for _ in sound:
                    pass
        again = await asyncio.wait_for(published.get(), WITHIN)
        assert again is first
        async with again.frames() as sound:
            await next_new(sound)
        await until(lambda: ann.state == bob.state == "connected")


async def test_without_a_node_the_call_is_reconnecting_until_one_starts(
    fresh_installation: Installation, call_id: str
) -> None:
    [node] = fresh_installation.nodes
    async with two_calls(fresh_installation, call_id) as (ann, bob):
        await ann.local.publish(ToneTrack(), "microphone")
        microphone = await publication_of(bob, "Ann", "microphone")
        async with microphone.frames() as sound:
            await next_new(sound)
        states: list[str] = []
        ann.on("state", lambda state, _previous: states.append(state))
        await asyncio.to_thread(node.kill)
        await until(lambda: "reconnecting" in states)
        await asyncio.to_thread(node.start)
        states.append("node started")
        await until(lambda: ann.state == bob.state == "connected")
        assert states == ["reconnecting", "node started", "connected"]
        async with microphone.frames() as sound:
            await next_new(sound)


async def test_a_lost_path_restarts_ice(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, environment=udp_relay.ENVIRONMENT) as installation:
        relaying = udp_relay.UdpRelay(installation.layout.rtc_min_port)
        async with relaying as relay, two_calls(installation, call_id) as (ann, bob):
            await ann.local.publish(ToneTrack(), "microphone")
            microphone = await publication_of(bob, "Ann", "microphone")
            async with microphone.frames() as sound:
                await next_new(sound)
                relay.is_cut = True
                await until(lambda: ann.state == bob.state == "reconnecting")
                assert bob.reconnect_cause == "network"
                relay.is_cut = False
                await until(lambda: ann.state == bob.state == "connected")
                await next_new(sound)


async def test_joining_fails_with_the_servers_code(installation: Installation, call_id: str) -> None:
    call = Call(installation.url, "x" * 65, "Ann")
    with pytest.raises(CallError) as refused:
        await call.join()
    assert (refused.value.code, refused.value.retryable) == ("invalid_argument", False)
    assert (call.state, call.ended and call.ended.reason) == ("ended", "failed")
    await call.wait_ended()


async def test_joining_an_unreachable_server_ends(tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_module, "CONNECT_TIMEOUT", 1.0)
    call = Call(f"http://127.0.0.1:{tcp_port}", "room", "Ann")
    with pytest.raises(CallError, match="unreachable"):
        await call.join()
    await call.wait_ended()


async def test_the_server_says_who_speaks(installation: Installation, call_id: str) -> None:
    async with two_calls(installation, call_id) as (ann, bob):
        speakers: list[Any] = []
        bob.on("active_speaker", speakers.append)
        voice = ToneTrack()
        await ann.local.publish(voice, "microphone")
        ann_at_bob = await until(lambda: participant_of(bob, "Ann"))
        await until(lambda: ann_at_bob.speaking and bob.active_speaker is ann_at_bob)
        assert speakers == [ann_at_bob]
        await until(lambda: ann.active_speaker is ann.local)
        voice.amplitude = 0.0
        await until(lambda: not ann_at_bob.speaking)
        assert bob.active_speaker is ann_at_bob
        await ann.leave()
        await until(lambda: bob.active_speaker is None)


async def test_the_servers_statistics_of_transports_and_tracks(installation: Installation, call_id: str) -> None:
    async with two_calls(installation, call_id) as (ann, bob):
        assert await bob.server_stats("recv") == []
        sent = await ann.local.publish(PictureTrack(160, 120), "camera")
        camera = await publication_of(bob, "Ann", "camera")
        assert await bob.server_stats(camera) == []
        async with camera.frames() as pictures:
            await asyncio.wait_for(anext(pictures), WITHIN)
            (transport,) = await bob.server_stats("recv")
            assert isinstance(transport, TransportStats)
            assert transport.bytes_sent > 0
            (inbound,) = await ann.server_stats(sent)
            assert isinstance(inbound, InboundStats)
            assert (inbound.kind, inbound.packet_count > 0) == ("video", True)
            assert inbound.mime_type is not None
            (outbound,) = await bob.server_stats(camera)
            assert isinstance(outbound, OutboundStats)
            assert (outbound.kind, outbound.packet_count > 0) == ("video", True)
            assert (outbound.mime_type, outbound.rtx_ssrc is not None) == (inbound.mime_type, True)


async def test_a_pause_for_lack_of_bandwidth_is_shown(installation: Installation, call_id: str) -> None:
    async with two_calls(installation, call_id) as (ann, bob):
        await ann.local.publish(PictureTrack(160, 120), "camera")
        camera = await publication_of(bob, "Ann", "camera")
        async with camera.frames() as pictures:
            await asyncio.wait_for(anext(pictures), WITHIN)
            consumer_id = bob._media._receiving.consumer_id(camera)
            push = bob._signaling._handlers
            for reason, event, paused in (
                ("another", "consumerPaused", False),
                ("bandwidth", "consumerPaused", True),
                ("another", "consumerResumed", True),
                ("bandwidth", "consumerResumed", False),
            ):
                push[event]({"consumerId": consumer_id, "reason": reason})
                assert camera.paused_by_bandwidth == paused
            push["consumerPaused"]({"consumerId": consumer_id, "reason": "bandwidth"})
        await until(lambda: not camera.paused_by_bandwidth)


async def test_a_sender_that_cannot_be_reached_is_shown(installation: Installation, call_id: str) -> None:
    async with two_calls(installation, call_id) as (ann, bob):
        await ann.local.publish(PictureTrack(160, 120), "camera")
        camera = await publication_of(bob, "Ann", "camera")
        push = bob._signaling._handlers
        async with camera.frames() as pictures:
            await asyncio.wait_for(anext(pictures), WITHIN)
            consumer_id = bob._media._receiving.consumer_id(camera)
            for about, reason, event, unreachable in (
                ("another", "link", "consumerPaused", False),
                (consumer_id, "bandwidth", "consumerPaused", False),
                (consumer_id, "link", "consumerPaused", True),
                (consumer_id, "bandwidth", "consumerResumed", True),
                (consumer_id, "link", "consumerResumed", False),
            ):
                push[event]({"consumerId": about, "reason": reason})
                assert camera.unreachable == unreachable
            push["consumerPaused"]({"consumerId": consumer_id, "reason": "link"})
        await until(lambda: not camera.unreachable)
