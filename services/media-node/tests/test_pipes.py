"""A room on two workers, with a fake core: producers are carried to the worker of those who consume them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus import media
from hubbub_contracts.bus.consumer import CloseConsumer, CreateConsumer
from hubbub_contracts.bus.producer import CloseProducer, PauseProducer, ResumeProducer
from hubbub_contracts.bus.speaker import ActiveSpeakerChanged, AudioLevelsChanged
from hubbub_contracts.volume import PeerVolume
from hubbub_media_core import commands, events
from hubbub_media_core.commands import Command
from hubbub_media_core.specs import WorkerLink
from hubbub_media_node.domain.pipe_table import LINGER, ObjectCounts
from hubbub_media_node.domain.pipes import Pipe
from hubbub_media_node.domain.worker_occupancy import WorkerOccupancy, count_occupancy
from hubbub_media_node.handlers import consumer, producer
from hubbub_media_node.handlers.core_events import handle
from hubbub_media_node.handlers.reconciliation import reconcile
from support.node_fakes import ROOM, NodeRig
from support.node_rig import fixture

AUDIO, SIMULCAST = "produce-audio-opus", "produce-video-vp8-simulcast3"
CAPABILITIES = fixture("chromium-156/recv-rtp-capabilities.json")


class Rig(NodeRig):
    """Alice produces on one worker, Bob has transports on the other."""

    def __init__(self) -> None:
        super().__init__(room_peers_per_worker=1)

    async def start(self, track: str = SIMULCAST) -> None:
        await self.create_transport()
        await self.create_producer(fixture(f"chromium-156/{track}.json"))
        await self.create_transport("bob", "recv", "down")
        await self.finish_tasks()

    async def consume(self, consumer_id: str = "consumer", transport_id: str = "down", peer_id: str = "bob") -> None:
        request = CreateConsumer(
            room_id=ROOM,
            peer_id=peer_id,
            consumer_id=consumer_id,
            transport_id=transport_id,
            producer_id="producer",
            rtp_capabilities=CAPABILITIES,
        )
        await consumer.create(self.context, request)

    @property
    def origin(self) -> int:
        """Alice's worker."""
        return self.context.entities.transports["transport"].worker

    @property
    def far(self) -> int:
        """Bob's worker."""
        return self.context.entities.transports["down"].worker

    @property
    def pipe(self) -> Pipe:
        """The pipe of Alice's producer to Bob's worker."""
        entities = self.context.entities
        pipe = entities.pipes.find(entities.producers["producer"], entities.transports["down"].router)
        assert pipe is not None
        return pipe

    def told(self, *kinds: type[Command]) -> list[tuple[int, Command]]:
        """The commands of these types, with their workers."""
        return [(worker, command) for worker, command in self.core.sent if isinstance(command, kinds)]

    def core_says(self, *happened: events.Event) -> None:
        for event in happened:
            handle(self.context, 0, event)

    def pass_time(self, *instants: float) -> None:
        for now in instants:
            reconcile(self.context, now)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_peers_of_a_full_worker_are_on_another_one(rig: Rig) -> None:
    await rig.start()
    assert rig.origin != rig.far
    again = await rig.create_transport("alice", "recv", "more")
    assert again.worker == rig.origin, "a peer's transports share a worker"
    assert count_occupancy(rig.context.entities, 2) == (WorkerOccupancy(1, 1), WorkerOccupancy(1, 1))
    await rig.consume()
    near, far = (count_occupancy(rig.context.entities, 2)[worker].pipes for worker in (rig.origin, rig.far))
    assert near == ObjectCounts(transports=1, consumers=1)
    assert far == ObjectCounts(transports=1, producers=1)
    assert len(rig.context.entities.rooms) == len(rig.replicas.projections) == 1


async def test_a_consumer_on_another_worker_opens_a_pipe(rig: Rig) -> None:
    await rig.start()
    assert rig.told(commands.CreatePipeTransport) == []
    await rig.consume()
    pipe, entities = rig.pipe, rig.context.entities
    near, far = pipe.link.transports
    assert rig.told(commands.CreatePipeTransport) == [
        (
            rig.origin,
            commands.CreatePipeTransport(
                transport=near.core_id, router=rig.router().core_id, link=WorkerLink(worker=rig.far, pair=1)
            ),
        ),
        (
            rig.far,
            commands.CreatePipeTransport(
                transport=far.core_id, router=pipe.router.core_id, link=WorkerLink(worker=rig.origin, pair=1)
            ),
        ),
    ]
    ((worker, sending),) = rig.told(commands.CreatePipeConsumer)
    assert isinstance(sending, commands.CreatePipeConsumer)
    assert (worker, sending.transport) == (rig.origin, near.core_id)
    assert sending.producer == entities.producers["producer"].core_id
    worker, receiving = rig.told(commands.CreateProducer)[-1]
    assert isinstance(receiving, commands.CreateProducer)
    assert (worker, receiving.transport) == (rig.far, far.core_id)
    ssrcs = [(one.ssrc, one.rtx_ssrc) for one in sending.spec.encodings]
    assert [(one.ssrc, one.rtx_ssrc) for one in receiving.spec.encodings] == ssrcs
    assert len(set(sum(ssrcs, ()))) == 6
    assert (receiving.spec.codecs, receiving.spec.extensions) == (sending.spec.codecs, sending.spec.extensions)
    assert all(codec.payload_type == codec.router_payload_type for codec in sending.spec.codecs)
    assert rig.told(commands.CreateConsumer) == [
        (
            rig.far,
            commands.CreateConsumer(
                consumer=entities.consumers["consumer"].core_id,
                transport=entities.transports["down"].core_id,
                producer=receiving.producer,
                spec=rig.core.sent[-1][1].spec,  # type: ignore[attr-defined]
            ),
        )
    ]


async def test_a_pipe_has_the_codecs_that_the_client_sends(rig: Rig) -> None:
    await rig.start(AUDIO)
    ((_, sending),) = rig.told(commands.CreatePipeConsumer)
    assert isinstance(sending, commands.CreatePipeConsumer)
    sent = rig.context.entities.producers["producer"].spec
    assert {one.codec for one in sending.spec.codecs} == {one.codec for one in sent.codecs}
    assert all(codec.nack for codec in sending.spec.codecs)
    assert "audio_level" in {one.kind for one in sending.spec.extensions}
    assert [one.rtx_ssrc for one in sending.spec.encodings] == [None]


async def test_consumers_on_one_worker_share_a_pipe(rig: Rig) -> None:
    await rig.start()
    await asyncio.gather(*(rig.consume(f"consumer{number}") for number in range(3)))
    assert len(rig.told(commands.CreatePipeTransport)) == 2
    assert len(rig.told(commands.CreatePipeConsumer)) == 1
    assert len(rig.told(commands.CreateConsumer)) == 3


async def test_a_consumer_on_the_same_worker_needs_no_pipe(rig: Rig) -> None:
    await rig.start()
    await rig.create_transport("alice", "recv", "mine")
    await rig.consume(transport_id="mine", peer_id="alice")
    assert rig.told(commands.CreatePipeTransport) == []


async def test_the_encodings_that_somebody_wants_are_carried(rig: Rig) -> None:
    await rig.start()
    await rig.consume()
    assert rig.told(commands.SetPipedEncodings) == []
    for wanted in ((True, False, False), (True, False, True)):
        rig.core_says(events.LayersWanted(rig.pipe.producer.core_id, wanted))
        command = commands.SetPipedEncodings(consumer=rig.pipe.consumer.core_id, encodings=wanted)
        assert rig.core.sent[-1] == (rig.origin, command)
    assert rig.publisher.events == [], "the client hears of its own producer only"


async def test_a_microphone_is_carried_to_every_worker_before_anybody_consumes_it(rig: Rig) -> None:
    await rig.start(AUDIO)
    assert rig.told(commands.SetPipedEncodings) == [
        (rig.origin, commands.SetPipedEncodings(consumer=rig.pipe.consumer.core_id, encodings=(True,)))
    ]
    await producer.close(rig.context, CloseProducer(room_id=ROOM, peer_id="alice", producer_id="producer"))
    alice = rig.context.entities.producers["producer"]
    rig.core_says(
        events.ConsumerClosed(rig.pipe.consumer.core_id, "producer_closed"),
        events.ProducerClosed(alice.core_id, "requested"),
    )
    await rig.create_producer(fixture(f"chromium-156/{AUDIO}.json"))
    await rig.finish_tasks()
    assert rig.pipe.is_open, "also one that is created after the router"


async def test_pauses_follow_the_origin(rig: Rig) -> None:
    here: dict[str, Any] = {"room_id": ROOM, "peer_id": "alice", "producer_id": "producer"}
    await rig.start()
    await rig.consume()
    await producer.pause(rig.context, PauseProducer(**here))
    await producer.resume(rig.context, ResumeProducer(**here))
    far_end = rig.pipe.producer.core_id
    assert rig.told(commands.PauseProducer)[-1] == (rig.far, commands.PauseProducer(producer=far_end))
    assert rig.told(commands.ResumeProducer)[-1] == (rig.far, commands.ResumeProducer(producer=far_end))


async def test_a_pause_while_the_pipe_is_opened_reaches_it(rig: Rig) -> None:
    await rig.start()
    rig.core.pending = asyncio.Event()
    opening = asyncio.ensure_future(rig.consume())
    while not rig.told(commands.CreatePipeTransport):
        await asyncio.sleep(0)
    pausing = asyncio.ensure_future(
        producer.pause(rig.context, PauseProducer(room_id=ROOM, peer_id="alice", producer_id="producer"))
    )
    await asyncio.sleep(0)
    rig.core.pending.set()
    await asyncio.gather(opening, pausing)
    created = rig.told(commands.CreateProducer)[-1][1]
    assert isinstance(created, commands.CreateProducer)
    paused = (rig.far, commands.PauseProducer(producer=rig.pipe.producer.core_id))
    assert created.spec.paused or paused in rig.core.sent
    assert rig.pipe.told.paused


async def test_who_consumes_a_closed_producer_is_told_once(rig: Rig) -> None:
    await rig.start()
    await rig.consume()
    pipe, entities = rig.pipe, rig.context.entities
    bobs = entities.consumers["consumer"].core_id
    await producer.close(rig.context, CloseProducer(room_id=ROOM, peer_id="alice", producer_id="producer"))
    rig.core_says(
        events.ConsumerClosed(pipe.consumer.core_id, "producer_closed"),
        events.ProducerClosed(entities.producers["producer"].core_id, "requested"),
    )
    assert rig.core.sent[-1] == (rig.far, commands.CloseProducer(producer=pipe.producer.core_id))
    rig.core_says(
        events.ConsumerClosed(bobs, "producer_closed"), events.ProducerClosed(pipe.producer.core_id, "requested")
    )
    (told,) = rig.publisher.events
    closed = media.ConsumerClosed(consumer_id="consumer", producer_id="producer", reason="producer_closed")
    assert (told.peer_id, told.event) == ("bob", closed)
    assert rig.told(commands.CloseTransport) == [
        (end.worker, commands.CloseTransport(transport=end.core_id)) for end in pipe.link.transports
    ]


@pytest.mark.parametrize("end", ["consumer", "producer"])
async def test_a_fault_in_a_pipe_closes_the_consumers_behind_it_as_internal(rig: Rig, end: str) -> None:
    await rig.start()
    await rig.consume()
    pipe, bobs = rig.pipe, rig.context.entities.consumers["consumer"].core_id
    if end == "consumer":
        rig.core_says(events.ConsumerClosed(pipe.consumer.core_id, "internal"))
    rig.core_says(events.ConsumerClosed(bobs, "producer_closed"))
    rig.core_says(events.ProducerClosed(pipe.producer.core_id, "internal" if end == "producer" else "requested"))
    (told,) = rig.publisher.events
    assert told.event == media.ConsumerClosed(consumer_id="consumer", producer_id="producer", reason="internal")
    await rig.consume("another")
    assert rig.pipe is not pipe


async def test_an_unused_pipe_is_closed_after_a_while(rig: Rig) -> None:
    await rig.start()
    await rig.consume()
    pipe, bobs = rig.pipe, rig.context.entities.consumers["consumer"].core_id
    rig.pass_time(0, LINGER + 1)
    await consumer.close(rig.context, CloseConsumer(room_id=ROOM, peer_id="bob", consumer_id="consumer"))
    rig.core_says(events.ConsumerClosed(bobs, "requested"))
    rig.pass_time(2 * LINGER)
    assert rig.told(commands.CloseProducer) == []
    rig.pass_time(3 * LINGER)
    assert rig.told(commands.CloseProducer) == [(rig.far, commands.CloseProducer(producer=pipe.producer.core_id))]
    assert rig.publisher.events == []


async def test_who_consumes_again_in_time_finds_the_pipe_open(rig: Rig) -> None:
    await rig.start()
    for cycle in range(100):
        await rig.consume(f"consumer{cycle}")
        bobs = rig.context.entities.consumers[f"consumer{cycle}"].core_id
        rig.pass_time(cycle / 50)
        request = CloseConsumer(room_id=ROOM, peer_id="bob", consumer_id=f"consumer{cycle}")
        await consumer.close(rig.context, request)
        rig.core_says(events.ConsumerClosed(bobs, "requested"))
        rig.pass_time((cycle + 0.5) / 50)
    assert len(rig.told(commands.CreatePipeConsumer)) == 1
    pipe = rig.pipe
    rig.pass_time(2 + LINGER)
    far_end, origin = pipe.producer, pipe.consumer
    assert rig.told(commands.CloseProducer) == [(rig.far, commands.CloseProducer(producer=far_end.core_id))]
    assert rig.told(commands.CloseConsumer)[-1] == (rig.origin, commands.CloseConsumer(consumer=origin.core_id))
    rig.core_says(
        events.ConsumerClosed(origin.core_id, "requested"), events.ProducerClosed(far_end.core_id, "requested")
    )
    assert len(rig.told(commands.CloseTransport)) == 2, "the link goes with its last pipe"
    rig.core_says(*(events.TransportClosed(end.core_id, "requested") for end in pipe.link.transports))
    assert set(rig.context.entities.pipes.objects(2)) == {ObjectCounts()}


async def test_a_room_that_is_closed_closes_its_open_pipes(rig: Rig) -> None:
    await rig.start(AUDIO)
    entities = rig.context.entities
    pipe, alice = rig.pipe, entities.producers["producer"]
    up, down = entities.transports["transport"], entities.transports["down"]
    rig.core_says(
        events.ConsumerClosed(pipe.consumer.core_id, "producer_closed"),
        events.ProducerClosed(alice.core_id, "transport_closed"),
        events.TransportClosed(up.core_id, "requested"),
        events.TransportClosed(down.core_id, "requested"),
        events.ProducerClosed(pipe.producer.core_id, "transport_closed"),
        *(events.TransportClosed(end.core_id, "requested") for end in pipe.link.transports),
    )
    assert set(entities.pipes.objects(2)) == {ObjectCounts()}
    assert (entities.rooms, rig.replicas.projections) == ({}, {})


async def test_the_links_of_a_worker_that_nobody_is_on_any_more_are_closed(rig: Rig) -> None:
    await rig.start(AUDIO)
    link, down = rig.pipe.link, rig.context.entities.transports["down"]
    rig.core_says(events.TransportClosed(down.core_id, "ice_timeout"))
    assert rig.told(commands.CloseTransport, commands.CloseRouter) == [
        *((end.worker, commands.CloseTransport(transport=end.core_id)) for end in link.transports),
        (down.worker, commands.CloseRouter(router=down.router.core_id)),
    ]
    assert list(rig.replicas.projections) == [ROOM], "Alice is still here"
    assert len(rig.context.entities.pipes) == 0


@pytest.mark.parametrize(
    "refused", [commands.CreatePipeTransport, commands.CreateProducer, commands.CreatePipeConsumer]
)
async def test_a_pipe_that_the_core_refuses_leaves_nothing_behind(rig: Rig, refused: type[Command]) -> None:
    await rig.start()
    rig.core.errors[refused] = "limit_reached"
    with pytest.raises(HubbubError) as caught:
        await rig.consume()
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    assert len(rig.context.entities.pipes) == 0
    assert rig.context.entities.consumers == {}
    del rig.core.errors[refused]
    await rig.consume()
    assert rig.pipe.is_open


async def test_a_producer_that_is_closed_while_its_pipe_is_opened_is_not_found(rig: Rig) -> None:
    await rig.start()
    rig.core.pending = asyncio.Event()
    opening = asyncio.ensure_future(rig.consume())
    while not rig.told(commands.CreatePipeTransport):
        await asyncio.sleep(0)
    rig.core.errors[commands.CreatePipeConsumer] = "not_found"
    rig.core.pending.set()
    with pytest.raises(HubbubError) as caught:
        await opening
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.NOT_FOUND, True)
    assert rig.core.sent[-1][1].type == "close_producer"


async def test_a_transport_that_is_closed_while_a_pipe_is_opened_gets_no_consumer(rig: Rig) -> None:
    await rig.start()
    rig.core.pending = asyncio.Event()
    opening = asyncio.ensure_future(rig.consume())
    while not rig.told(commands.CreatePipeTransport):
        await asyncio.sleep(0)
    rig.core_says(events.TransportClosed(rig.context.entities.transports["down"].core_id, "ice_timeout"))
    rig.core.pending.set()
    with pytest.raises(HubbubError) as caught:
        await opening
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert rig.context.entities.consumers == {}
    assert len(rig.context.entities.pipes) == 0


async def test_what_a_busy_core_did_not_take_is_repeated(rig: Rig) -> None:
    await rig.start()
    await rig.consume()
    rig.core.errors[commands.SetPipedEncodings] = "busy"
    rig.core_says(events.LayersWanted(rig.pipe.producer.core_id, (True, True, True)))
    del rig.core.errors[commands.SetPipedEncodings]
    before = len(rig.told(commands.SetPipedEncodings))
    rig.pass_time(0)
    assert len(rig.told(commands.SetPipedEncodings)) == before + 1
    rig.pass_time(1)
    assert len(rig.told(commands.SetPipedEncodings)) == before + 1


async def test_a_microphone_whose_pipe_failed_is_carried_again(rig: Rig) -> None:
    rig.core.errors[commands.CreatePipeConsumer] = "busy"
    await rig.start(AUDIO)
    assert len(rig.context.entities.pipes) == 0
    del rig.core.errors[commands.CreatePipeConsumer]
    rig.pass_time(0)
    await rig.finish_tasks()
    assert rig.pipe.is_open


async def test_the_oldest_router_of_a_room_reports_who_speaks(rig: Rig) -> None:
    await rig.start(AUDIO)
    alice, pipe = rig.context.entities.producers["producer"], rig.pipe
    far = pipe.router.core_id
    volume = PeerVolume(peer_id="alice", volume=-20)
    rig.core_says(
        events.ActiveSpeaker(rig.router().core_id, events.AudioVolume(alice.core_id, -20)),
        events.ActiveSpeaker(far, events.AudioVolume(pipe.producer.core_id, -20)),
        events.AudioLevels(far, (events.AudioVolume(pipe.producer.core_id, -20),)),
    )
    assert rig.speakers.events == [(ROOM, ActiveSpeakerChanged(speaker=volume))]


async def test_a_speaker_on_another_worker_than_the_oldest_is_reported(rig: Rig) -> None:
    await rig.create_transport("bob", "recv", "down")
    await rig.create_transport()
    await rig.create_producer(fixture(f"chromium-156/{AUDIO}.json"))
    await rig.finish_tasks()
    levels = (events.AudioVolume(rig.pipe.producer.core_id, -20),)
    rig.core_says(events.AudioLevels(rig.router().core_id, levels))
    assert rig.speakers.events == [(ROOM, AudioLevelsChanged(levels=[PeerVolume(peer_id="alice", volume=-20)]))]


async def test_a_consumer_is_told_the_scores_of_what_the_client_sends(rig: Rig) -> None:
    await rig.start()
    await rig.consume()
    alice, bobs = rig.context.entities.producers["producer"], rig.context.entities.consumers["consumer"]
    scores = tuple(events.EncodingScore(index, index + 1, None, 9 - index) for index in (0, 2))
    rig.core_says(
        events.ProducerScore(alice.core_id, scores),
        events.ProducerScore(rig.pipe.producer.core_id, scores[:1]),
        events.ConsumerScore(bobs.core_id, 8, 2, (9, 0, 8)),
    )
    assert [told.peer_id for told in rig.publisher.events] == ["alice", "bob"]
    assert bobs.score is not None
    assert (bobs.score.producer_score, bobs.score.producer_scores) == (7, [9, 0, 7])
