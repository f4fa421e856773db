"""What one node, or one worker, does not answer holds up nothing else; two nodes with fake cores."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hubbub_contracts import ErrorCode, HubbubError, Model
from hubbub_contracts.base import NodeRequest
from hubbub_contracts.bus.pipe import OpenPipe, WantPipes
from hubbub_contracts.bus.records import Placement
from hubbub_media_core import CoreError, commands, events
from hubbub_media_core.commands import Command
from hubbub_media_node.domain.outgoing_links import UNNAMED
from hubbub_media_node.domain.pipe_table import LINGER
from hubbub_media_node.handlers import producer
from hubbub_media_node.handlers.pipes import tell_core
from hubbub_media_node.handlers.remote_producers import open_remote
from support.node_rig import fixture
from support.two_nodes import AUDIO, TwoNodes

WAIT = 10.0
TRACK = fixture("chromium-156/produce-video-vp8-simulcast3.json")


@pytest.fixture
def nodes() -> TwoNodes:
    return TwoNodes()


async def produce_another(nodes: TwoNodes, producer_id: str) -> None:
    """A second producer of Alice, on the first node."""
    rids = [{**each, "rid": f"{producer_id}{index}"} for index, each in enumerate(TRACK["rtpParameters"]["encodings"])]
    parameters = {**TRACK["rtpParameters"], "mid": "9", "encodings": rids}
    first = nodes.a.context.entities.producers["producer"].request
    request = first.model_copy(update={"producer_id": producer_id, "rtp_parameters": parameters})
    await producer.create(nodes.a.context, request)


async def test_a_pipe_that_is_opened_again_is_not_closed_for_its_former_silence(nodes: TwoNodes) -> None:
    await nodes.start()
    await produce_another(nodes, "second")
    await nodes.consume("one")
    await nodes.consume("two", producer_id="second")
    await nodes.b.room_has(nodes.alice("producer", "second"))
    remote = nodes.remote
    nodes.b.core_says(events.ConsumerClosed(nodes.b.context.entities.consumers["one"].core_id, "requested"))
    now = time.monotonic()
    await nodes.b.pass_time(now, now + LINGER)
    nodes.b.core_says(events.ProducerClosed(remote.core_id, "requested"))
    await nodes.finish_tasks()
    pipe = nodes.pipe
    pipe.named_at = time.monotonic() - UNNAMED + 1
    await nodes.consume("again")
    assert nodes.pipe is pipe
    await nodes.a.pass_time(time.monotonic() + 2)
    assert not pipe.closing


async def test_a_message_from_before_a_pipe_does_not_silence_it(nodes: TwoNodes) -> None:
    await nodes.start()
    await produce_another(nodes, "second")
    await nodes.consume("one")
    answer, opened = nodes.b.nodes.answer, asyncio.Event()

    async def answer_late(node: Placement, message: NodeRequest[Any]) -> Model:
        if isinstance(message, WantPipes):
            await opened.wait()
        return await answer(node, message)

    nodes.b.nodes.answer = answer_late
    nodes.b.core_says(events.LayersWanted(nodes.remote.core_id, (True, False, False)))
    while not any(isinstance(message, WantPipes) for _, message in nodes.b.nodes.requests):
        await asyncio.sleep(0)
    await nodes.consume("two", producer_id="second")
    opened.set()
    await nodes.finish_tasks()
    (link,) = nodes.a.context.entities.outgoing.links
    assert {pipe.origin.id: pipe.named for pipe in link.carried} == {"producer": True, "second": True}


async def test_a_link_that_carries_nothing_is_closed(nodes: TwoNodes) -> None:
    """The other node is newer: its producer is of a kind that this one does not know."""
    await nodes.start()
    answer = nodes.b.nodes.answer

    async def answer_of_newer(node: Placement, message: NodeRequest[Any]) -> Model:
        reply = await answer(node, message)
        return reply.model_copy(update={"kind": "other"}) if isinstance(message, OpenPipe) else reply

    nodes.b.nodes.answer = answer_of_newer
    with pytest.raises(HubbubError) as caught:
        await nodes.consume()
    assert caught.value.code is ErrorCode.UNSUPPORTED
    assert nodes.b.context.entities.incoming.links == []
    assert len(nodes.b.told(commands.CloseTransport)) == 1


async def test_producers_are_opened_at_once_over_a_link(nodes: TwoNodes) -> None:
    await nodes.start()
    await produce_another(nodes, "second")
    await produce_another(nodes, "third")
    await nodes.consume("one")
    answer, asked, answered = nodes.b.nodes.answer, asyncio.Semaphore(0), asyncio.Event()

    async def answer_late(node: Placement, message: NodeRequest[Any]) -> Model:
        if isinstance(message, OpenPipe):
            asked.release()
            await answered.wait()
        return await answer(node, message)

    nodes.b.nodes.answer = answer_late
    (router,) = nodes.b.room().routers.values()
    opening = asyncio.gather(
        *(open_remote(nodes.b.context, router, each, nodes.a.placement) for each in ("second", "third"))
    )
    async with asyncio.timeout(WAIT):
        await asked.acquire()
        await asked.acquire()
    answered.set()
    await opening
    assert len(nodes.b.links()) == 1


async def test_a_producer_whose_link_is_closed_before_the_answer_comes_over_another(nodes: TwoNodes) -> None:
    await nodes.start()
    await produce_another(nodes, "second")
    await nodes.consume("one")
    answer, (closed,) = nodes.b.nodes.answer, nodes.b.context.entities.incoming.links

    async def close_first(node: Placement, message: NodeRequest[Any]) -> Model:
        reply = await answer(node, message)
        if isinstance(message, OpenPipe) and not closed.closing:
            nodes.b.core_says(events.ProducerClosed(nodes.remote.core_id, "internal"))
        return reply

    nodes.b.nodes.answer = close_first
    await nodes.consume("two", producer_id="second")
    (link,) = nodes.b.context.entities.incoming.links
    assert link is not closed
    assert [each.id for each in link.carried] == ["second"]
    assert nodes.a.context.entities.outgoing.find_link(link.id) is not None


async def test_links_that_are_closed_again_and_again_end_the_opening(nodes: TwoNodes) -> None:
    await nodes.start()
    answer = nodes.b.nodes.answer

    async def answer_of_closed(node: Placement, message: NodeRequest[Any]) -> Model:
        reply = await answer(node, message)
        return reply.model_copy(update={"link_id": "closed"}) if isinstance(message, OpenPipe) else reply

    nodes.b.nodes.answer = answer_of_closed
    with pytest.raises(HubbubError, match="closed meanwhile") as caught:
        await nodes.consume()
    assert caught.value.retryable
    assert len([message for _, message in nodes.b.nodes.requests if isinstance(message, OpenPipe)]) == 2


async def test_a_node_that_does_not_answer_holds_up_no_microphone_here() -> None:
    nodes = TwoNodes(room_peers_per_worker=1)
    await nodes.start(AUDIO)
    b, given_up = nodes.b, asyncio.Event()
    await b.create_transport("carol", "recv", "carols")
    await b.create_transport("bob", "send", "up")
    assert len(b.room().routers) == 2

    async def no_answer(_node: Placement, _message: NodeRequest[Any]) -> Model:
        await given_up.wait()
        raise HubbubError(ErrorCode.UNAVAILABLE, "no answer", retryable=True)

    b.nodes.answer = no_answer
    hearing = asyncio.create_task(b.room_has(nodes.alice("producer", kind="audio")))
    bobs = nodes.a.context.entities.producers["producer"].request
    await producer.create(
        b.context, bobs.model_copy(update={"peer_id": "bob", "transport_id": "up", "producer_id": "x"})
    )
    async with asyncio.timeout(WAIT):
        while not b.told(commands.CreatePipeConsumer):
            await asyncio.sleep(0.01)
    given_up.set()
    await hearing


async def test_a_worker_that_takes_no_command_holds_up_no_other(
    nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await nodes.start()
    await nodes.consume()
    context, sent = nodes.a.context, list[int]()

    class Changed:
        """Two objects on two workers, the last of which is told first."""

        def __init__(self) -> None:
            self.due = [0, 1]

        def take_due(self) -> Iterator[Object]:
            while self.due:
                yield Object(self.due.pop())

        def put_back(self, undone: Object) -> None:
            self.due.append(undone.worker)

    class Object:
        def __init__(self, worker: int) -> None:
            self.worker = worker

        def outstanding(self) -> Iterator[tuple[int, Command]]:
            yield self.worker, commands.CloseTransport(transport=7)

        def was_told(self) -> None:
            sent.append(self.worker)

    def send(worker: int, command: Command) -> None:
        if worker == 1:
            raise CoreError("busy", command)

    changed = Changed()
    monkeypatch.setattr(context.core, "send", send)
    monkeypatch.setattr(context.entities, "pipes", changed)
    tell_core(context)
    assert (sent, changed.due) == ([0], [1])
