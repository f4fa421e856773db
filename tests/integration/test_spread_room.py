"""A room whose peers are on two workers, of one node or of two: everything works as on one, and nothing of the pipes
stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from support.caller import Caller, Consumer
from support.eventually import wait_for_counts, wait_for_metrics
from support.installation import SPREAD, SPREAD_OVER_NODES, Installation
from support.pair import connected_pair
from support.recording import Source
from support.scrape import Scrape, scrape
from support.simulcast import SSRCS, received_layers, receives_layer, reported_layers, simulcast, wanted_encodings

NAMES = ("ann", "ben", "cem")
DROPPED = "hubbub_worker_pipe_dropped_total"
SPEECH, SILENCE = 20, 90
"""-dBov."""


@dataclass
class Room:
    """Three peers, each of whom sends a microphone and a simulcast video, and receives those of the others."""

    peers: list[Caller]
    microphones: list[str]
    videos: list[str]
    sources: list[dict[int, Source]]
    """What sends the encodings of each video, by SSRC."""
    consumers: list[dict[str, Consumer]]
    """Of each peer, by producer."""

    def on_another_worker(self, peer: Caller) -> Caller:
        """A peer on another worker than this one."""
        return next(other for other in self.peers if worker_of(other) != worker_of(peer))

    def consumer(self, peer: Caller, producer_id: str) -> Consumer:
        return self.consumers[self.peers.index(peer)][producer_id]

    async def wait_media(self, packets: int = 20) -> None:
        """Waits until everybody receives this many more packets of everything."""
        everything = [consumer for consumers in self.consumers for consumer in consumers.values()]
        await asyncio.gather(*(consumer.wait_packets(packets) for consumer in everything))


def worker_of(peer: Caller) -> int:
    """The port of the worker that all of the peer's transports are on."""
    (port,) = {transport.node_port for transport in peer.transports.values()}
    return port


@pytest.fixture
async def room(spread: Installation, call_id: str) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Caller(spread.url)) for _ in NAMES]
        room = Room(peers, [], [], [{} for _ in NAMES], [{} for _ in NAMES])
        for peer, name, sources in zip(peers, NAMES, room.sources, strict=True):
            await peer.join(call_id, userId=name)
            room.videos.append(await stack.enter_async_context(simulcast(peer, sources)))
            room.microphones.append(await peer.publish("audio"))
        for number, peer in enumerate(peers):
            for producer_id in (*room.microphones, *room.videos):
                if producer_id not in (room.microphones[number], room.videos[number]):
                    room.consumers[number][producer_id] = await peer.consume(producer_id)
        yield room


async def test_everybody_receives_everybody(spread: Installation, room: Room) -> None:
    assert len({worker_of(peer) for peer in room.peers}) == 2
    await room.wait_media()
    for number, peer in enumerate(room.peers):
        for video in room.videos:
            if video != room.videos[number]:
                consumer = room.consumer(peer, video)
                await receives_layer(peer, consumer, 2)
    await wait_for_counts(spread, rooms=1, peers=3, producers=6, transports=6, consumers=12)
    # Two peers share a worker: their tracks are carried to the third, and those of the third to them.

    def of_both_workers(seen: Scrape) -> bool:
        sent = [value for name, _, value in seen.samples if name == "hubbub_worker_pipe_packets_total" and value > 0]
        return len(sent) == 2 and seen.total("hubbub_node_pipes") == 6

    seen = await wait_for_metrics(spread, of_both_workers)
    assert seen.total("hubbub_worker_faults_total") == 0


async def test_only_the_layers_that_somebody_wants_cross_a_link(room: Room) -> None:
    ann = room.peers[0]
    await room.wait_media()
    for peer in room.peers[1:]:
        consumer = room.consumer(peer, room.videos[0])
        await peer.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=0)
        await reported_layers(peer, consumer, 0)
        assert await received_layers(consumer) == {0}
    await wanted_encodings(ann, [True, False, False])

    ben = room.on_another_worker(ann)
    consumer = room.consumer(ben, room.videos[0])
    before = {ssrc: source.key_frame_requests for ssrc, source in room.sources[0].items()}
    await ben.call("setPreferredLayers", consumerId=consumer.id, spatialLayer=1)
    await wanted_encodings(ann, [True, True, False])
    await receives_layer(ben, consumer, 1)
    requested = {ssrc for ssrc, source in room.sources[0].items() if source.key_frame_requests > before[ssrc]}
    assert requested == {SSRCS[1]}, "a key frame is requested of the layer that needs one"


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_a_producer_is_paused_and_resumed(room: Room, kind: str) -> None:
    ann = room.peers[0]
    ben = room.on_another_worker(ann)
    producer_id = (room.microphones if kind == "audio" else room.videos)[0]
    consumer = room.consumer(ben, producer_id)
    await consumer.wait_packets()
    await ann.call("pauseProducer", producerId=producer_id)
    await ben.event("producerPaused", producerId=producer_id)
    await consumer.wait_silent()
    await ann.call("resumeProducer", producerId=producer_id)
    await consumer.wait_packets()


async def test_a_consumer_is_paused_and_resumed(room: Room) -> None:
    ann = room.peers[0]
    ben = room.on_another_worker(ann)
    consumer = room.consumer(ben, room.videos[0])
    await consumer.wait_packets()
    await ben.call("pauseConsumer", consumerId=consumer.id)
    await consumer.wait_silent()
    await ben.call("resumeConsumer", consumerId=consumer.id)
    await consumer.wait_packets()


async def test_a_mute_is_heard_behind_the_pipe(room: Room) -> None:
    ann = room.peers[0]
    ben = room.on_another_worker(ann)
    consumer = room.consumer(ben, room.microphones[0])
    await consumer.wait_packets()
    await ben.call("mutePeer", peerId=ann.peer_id, source="microphone")
    await ann.event("peerMuted", peerId=ann.peer_id, source="microphone", muted=True)
    await consumer.wait_silent()
    await ben.call("unmutePeer", peerId=ann.peer_id, source="microphone")
    await ann.event("unmuteRequested")
    await ann.call("resumeProducer", producerId=room.microphones[0])
    await consumer.wait_packets()


async def test_the_counters_are_those_of_the_peers_own_objects(room: Room) -> None:
    ann = room.peers[0]
    ben = room.on_another_worker(ann)
    consumer = room.consumer(ben, room.videos[0])
    await consumer.wait_packets()
    await reported_layers(ben, consumer, 2)
    received = (await ann.call("getStats", producerId=room.videos[0]))["stats"]
    assert {one["ssrc"] for one in received} == set(SSRCS)
    [sent] = (await ben.call("getStats", consumerId=consumer.id))["stats"]
    assert (sent["ssrc"], sent["kind"]) == (consumer.ssrc, "video")
    assert sent["packetCount"] >= 10
    [transport] = (await ben.call("getStats", transportId=consumer.transport.id))["stats"]
    assert transport["packetsSent"] >= sent["packetCount"]


async def test_a_peer_that_leaves_leaves_nothing_behind(spread: Installation, room: Room) -> None:
    await room.wait_media()
    await room.peers[0].call("leaveRoom")
    for peer in room.peers[1:]:
        for producer_id in (room.microphones[0], room.videos[0]):
            await peer.event("producerClosed", producerId=producer_id)
            consumer_id = room.consumer(peer, producer_id).id
            await peer.event("consumerClosed", consumerId=consumer_id, reason="producer_closed")
    await wait_for_counts(spread, rooms=1, peers=2, producers=4, transports=4, consumers=4)
    for peer in room.peers[1:]:
        closed = [(one.name, one.payload) for one in peer.log if one.name in ("producerClosed", "consumerClosed")]
        assert len(closed) == 4, "each is told once"
    for peer in room.peers[1:]:
        await peer.call("leaveRoom")
    await wait_for_counts(spread)
    await wait_for_metrics(spread, lambda seen: seen.total("hubbub_node_pipes") == 0)


async def test_a_video_that_nobody_watches_any_more_is_not_carried(spread: Installation, room: Room) -> None:
    """docs/closures.md, row 33."""
    await room.wait_media()
    await wait_for_metrics(spread, lambda seen: seen.total("hubbub_node_pipes") == 6)
    ann = room.peers[0]
    for peer in room.peers:
        for video in room.videos:
            if worker_of(room.peers[room.videos.index(video)]) != worker_of(peer):
                await peer.call("closeConsumer", consumerId=room.consumer(peer, video).id)
    await wait_for_metrics(spread, lambda seen: seen.total("hubbub_node_pipes") == 3)
    ben = room.on_another_worker(ann)
    again = await ben.consume(room.videos[0])
    await reported_layers(ben, again, 2)


async def test_a_hundred_consumers_in_turn_leave_nothing_behind(spread: Installation, call_id: str) -> None:
    dropped = (await asyncio.to_thread(scrape, spread)).total(DROPPED)
    async with Caller(spread.url) as ann, Caller(spread.url) as ben:
        await ann.join(call_id)
        await ben.join(call_id)
        async with simulcast(ann) as video:
            for _ in range(100):
                consumer = await ben.consume(video)
                await ben.call("closeConsumer", consumerId=consumer.id)
            again = await ben.consume(video)
            await again.wait_packets()
            await ben.call("closeConsumer", consumerId=again.id)
            seen = await wait_for_metrics(spread, lambda seen: seen.total("hubbub_node_pipes") == 0)
            # The core has no end of a pipe or link left.
            await wait_for_counts(spread, rooms=1, peers=2, producers=1, transports=2)
            assert seen.total("hubbub_worker_faults_total") == 0
            assert seen.total(DROPPED) == dropped


@pytest.mark.parametrize(
    "fresh_installation",
    [
        {"workers": 2, "environment": SPREAD | {"LAST_N_AUDIO": "1"}},
        {"nodes": 2, "environment": SPREAD_OVER_NODES | {"LAST_N_AUDIO": "1"}},
    ],
    ids=["two workers", "two nodes"],
    indirect=True,
)
async def test_who_speaks_is_told_once_and_heard_everywhere(fresh_installation: Installation, call_id: str) -> None:
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Caller(fresh_installation.url)) for _ in NAMES]
        microphones = []
        for peer, name in zip(peers, NAMES, strict=True):
            await peer.join(call_id, userId=name)
            microphones.append(await peer.publish("audio"))
            peer.sources[microphones[-1]].level = SILENCE
        heard = {
            (listener, speaker): await peers[listener].consume(microphones[speaker])
            for listener in range(3)
            for speaker in range(3)
            if listener != speaker
        }
        assert len({worker_of(peer) for peer in peers}) == 2
        for speaker in (0, 1, 2, 0):
            told = [len(peer.events("activeSpeaker")) for peer in peers]
            for number, peer in enumerate(peers):
                peer.sources[microphones[number]].level = SPEECH if number == speaker else SILENCE
            for peer, before in zip(peers, told, strict=True):
                while len(peer.events("activeSpeaker")) == before:
                    await peer.wait_for_more()
                assert [one["peerId"] for one in peer.events("activeSpeaker")[before:]] == [peers[speaker].peer_id]
            for (listener, number), consumer in heard.items():
                if number == speaker:
                    await consumer.wait_packets()
                elif listener != speaker:
                    await consumer.wait_silent()  # the quieter ones are left out everywhere


@pytest.mark.parametrize(
    "fresh_installation",
    [{"nodes": 2, "environment": SPREAD_OVER_NODES | {"RTC_LISTEN_IP": "::", "INTERNAL_IP": "::1"}}],
    indirect=True,
)
async def test_nodes_reach_each_other_over_ipv6(fresh_installation: Installation, call_id: str) -> None:
    async with connected_pair(fresh_installation.url, call_id) as pair:
        assert worker_of(pair.alice) != worker_of(pair.bob)
        await pair.wait_media()


@pytest.mark.parametrize(
    "fresh_installation",
    [{"nodes": 2, "workers": 2, "environment": SPREAD | {"ROOM_PEERS_PER_NODE": "2"}}],
    indirect=True,
)
async def test_a_producer_crosses_to_another_node_once_and_goes_on_when_the_first_receiver_leaves(
    fresh_installation: Installation, call_id: str
) -> None:
    async with AsyncExitStack() as stack:
        ann, ben, cem, dan = [await stack.enter_async_context(Caller(fresh_installation.url)) for _ in range(4)]
        for peer in (ann, ben, cem, dan):
            await peer.join(call_id)
            await peer.transport("recv")
        assert len({worker_of(peer) for peer in (ann, ben, cem, dan)}) == 4
        tracks = [await ann.publish(kind) for kind in ("audio", "video")]
        received = {peer: [await peer.consume(track) for track in tracks] for peer in (ben, cem, dan)}
        for consumers in received.values():
            await asyncio.gather(*(consumer.wait_packets() for consumer in consumers))
        await cem.call("leaveRoom")  # it was the first on its node that got the video
        await asyncio.gather(*(consumer.wait_packets(30) for consumer in received[dan]))
        assert dan.events("consumerClosed") == dan.events("producerClosed") == []
        await cem.end_media()
        await cem.join(call_id)
        await asyncio.gather(*[(await cem.consume(track)).wait_packets() for track in tracks])
        for peer in (cem, dan):
            await peer.call("leaveRoom")
        await asyncio.gather(*(consumer.wait_packets(30) for consumer in received[ben]))
        await wait_for_counts(fresh_installation, rooms=1, peers=2, producers=2, transports=3, consumers=2)
