"""A hidden receiver of a room, with a participant that the Python SDK publishes for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from hubbub_bus import Lease
from hubbub_client import Call
from hubbub_contracts import HubbubError, ids, subjects
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_receiver import HiddenPeer, ReceivedTrack, RoomReceiver
from hubbub_rtp import EncodedFrame
from support.bus_client import BusClient, bus_client
from support.eventually import wait_for_stats
from support.installation import Installation
from support.python_sdk import participant_of, until
from support.tracks import PictureTrack, ToneTrack


@dataclass
class Sink:
    """Collects what is received of a track."""

    track: ReceivedTrack
    frames: list[EncodedFrame] = field(default_factory=list)
    reports: list[tuple[int, float, float]] = field(default_factory=list)
    pauses: list[bool] = field(default_factory=list)
    is_closed: bool = False

    def on_frame(self, frame: EncodedFrame) -> None:
        self.frames.append(frame)

    def on_sender_report(self, timestamp: int, sent_at: float, arrived_at: float) -> None:
        self.reports.append((timestamp, sent_at, arrived_at))

    def on_paused(self, paused: bool) -> None:
        self.pauses.append(paused)

    def on_closed(self) -> None:
        self.is_closed = True


@dataclass
class Listener:
    """Receives everything, or one kind."""

    kinds: tuple[str, ...] = ("audio", "video")
    sinks: list[Sink] = field(default_factory=list)
    is_lost: bool = False

    def wants(self, peer: PeerRecord, producer: ProducerRecord) -> bool:
        return producer.kind in self.kinds

    def on_track(self, track: ReceivedTrack) -> Sink:
        self.sinks.append(Sink(track))
        return self.sinks[-1]

    def on_room_lost(self) -> None:
        self.is_lost = True

    def sink(self, kind: str) -> Sink | None:
        return next((one for one in self.sinks if one.track.kind == kind and not one.is_closed), None)


@asynccontextmanager
async def receiving(bus: BusClient, call_id: str, listener: Listener) -> AsyncIterator[RoomReceiver]:
    lease = Lease(bus.bus, subjects.signaling_lease("receiver"), "receiver")
    epoch = await lease.acquire()
    receiver = RoomReceiver(bus.bus, ids.room_id(call_id), HiddenPeer("recorder", "receiver", epoch), listener)
    try:
        await receiver.open()
        yield receiver
    finally:
        await receiver.close()
        await lease.release()


def has_received(sink: Sink) -> bool:
    return len(sink.frames) > 20 and bool(sink.reports)


@pytest.fixture(params=["one node", "two nodes"])
def anywhere(request: pytest.FixtureRequest) -> Installation:
    """All peers are on one node, or the receiver is on another one than who is received."""
    name = "installation" if request.param == "one node" else "two_node_installation"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


async def test_a_hidden_receiver_gets_every_track_and_nobody_sees_it(anywhere: Installation, call_id: str) -> None:
    installation = anywhere
    listener = Listener()
    async with (
        bus_client(installation) as bus,
        Call(installation.url, call_id, "Ann", codec="vp8") as ann,
        Call(installation.url, call_id, "Bob") as bob,
    ):
        await ann.local.publish(PictureTrack(160, 120), "camera")
        async with receiving(bus, call_id, listener) as receiver:
            await ann.local.publish(ToneTrack(), "microphone")
            for kind, codec in (("audio", "opus"), ("video", "vp8")):
                sink = await until(partial(listener.sink, kind))
                assert isinstance(sink, Sink)
                await until(partial(has_received, sink))
                assert sink.frames[0].key_frame
                assert {frame.codec for frame in sink.frames} == {codec}
                assert (sink.track.user_id, sink.track.display_name) == (ann.local.user_id, "Ann")
                timestamp, _, arrived_at = sink.reports[0]
                assert abs(timestamp - sink.frames[0].timestamp) < 60 * sink.track.clock_rate
                assert abs(arrived_at - sink.frames[0].received_at) < 60
            room = await bus.room(call_id)
            assert [peer.role for peer in room.peers if peer.peer_id == receiver.peer_id] == ["recorder"]
            assert {one.name for one in bob.participants.values()} == {"Ann"}
            await wait_for_stats(installation, {"peers": 2})
            sink = listener.sink("video")
            assert isinstance(sink, Sink)
            await ann.local.set_muted("camera", True)
            await until(lambda: sink.pauses == [True])
            await ann.local.set_muted("camera", False)
            await until(lambda: sink.pauses == [True, False])
            frames = len(sink.frames)
            await until(lambda: len(sink.frames) > frames + 5)
            await ann.local.unpublish("camera")
            await until(lambda: sink.is_closed)
        assert all(one.is_closed for one in listener.sinks)
        assert participant_of(bob, "Ann") is not None


async def test_a_receiver_hears_that_its_room_was_closed(installation: Installation, call_id: str) -> None:
    listener = Listener(kinds=("audio",))
    async with bus_client(installation) as bus:
        async with Call(installation.url, call_id, "Ann", codec="vp8") as ann:
            await ann.local.publish(PictureTrack(160, 120), "camera")
            receiver = receiving(bus, call_id, listener)
            await receiver.__aenter__()
        await until(lambda: listener.is_lost)
        assert listener.sinks == []
        await receiver.__aexit__(None, None, None)


async def test_a_room_that_does_not_exist_cannot_be_received(installation: Installation, call_id: str) -> None:
    async with bus_client(installation) as bus:
        with pytest.raises(HubbubError, match="room_not_found"):
            async with receiving(bus, call_id, Listener()):
                pass
