"""Closing departed and unconfirmed peers and producers, with fake ports."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import HubbubError
from hubbub_media_core import CoreError, commands
from hubbub_media_node.domain.close_request import SILENT, UNCONFIRMED
from hubbub_media_node.domain.confirmation_tracker import DEFAULT_TIMEOUT
from hubbub_media_node.handlers.closing import close_everything, close_transport
from hubbub_media_node.handlers.reconciliation import reconcile
from hubbub_room import PeerChanged
from support.node_fakes import PLACEMENT, ROOM, NodeRig
from support.node_rig import fixture
from support.two_nodes import peer

LATER = 100 + DEFAULT_TIMEOUT
AUDIO = fixture("chromium-156/produce-audio-opus.json")


@pytest.fixture
def rig() -> NodeRig:
    return NodeRig()


def confirm(rig: NodeRig, sequence: int, *producers: str, placement: Placement = PLACEMENT) -> None:
    """The registry's record of alice arrives."""
    record = peer("alice", placement, producers, "audio", paused=False)
    rig.replicas.projections[ROOM].apply(PeerChanged(sequence, "alice", record, ""))


async def reconcile_twice(rig: NodeRig) -> None:
    """Checks at the start and at the end of the confirmation timeout."""
    reconcile(rig.context, 100)
    reconcile(rig.context, LATER)
    await rig.finish_tasks()


async def test_an_unconfirmed_peer_is_closed_once_after_the_timeout(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    reconcile(rig.context, 100)
    reconcile(rig.context, LATER - 0.1)
    await rig.finish_tasks()
    assert rig.sent(commands.CloseTransport) == []
    reconcile(rig.context, LATER)
    reconcile(rig.context, LATER + 0.5)
    await rig.finish_tasks()
    assert transport.close_request is UNCONFIRMED
    assert rig.sent(commands.CloseTransport) == [commands.CloseTransport(transport=transport.core_id)]


async def test_a_confirmed_peer_with_an_unconfirmed_producer_loses_only_the_producer(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    await rig.create_producer(AUDIO)
    confirm(rig, 1)
    await reconcile_twice(rig)
    assert transport.close_request is None
    assert rig.context.entities.producers["producer"].close_request is UNCONFIRMED


async def test_confirmed_objects_are_kept(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    await rig.create_producer(AUDIO)
    confirm(rig, 1, "producer")
    await reconcile_twice(rig)
    assert transport.close_request is None
    assert rig.context.entities.producers["producer"].close_request is None


async def test_nothing_is_closed_while_the_replica_is_incomplete(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    rig.replicas.complete = False
    await reconcile_twice(rig)
    assert transport.close_request is None


async def test_a_close_that_the_core_refused_is_repeated(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    rig.core.errors[commands.CloseTransport] = "busy"
    await reconcile_twice(rig)
    rig.core.errors.clear()
    reconcile(rig.context, LATER + 0.5)
    await rig.finish_tasks()
    assert rig.sent(commands.CloseTransport) == 2 * [commands.CloseTransport(transport=transport.core_id)]
    assert transport.close_request is UNCONFIRMED


async def test_a_peer_that_was_removed_from_the_room_is_closed_without_an_event(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    rig.replicas.projections[ROOM].apply(PeerChanged(1, "alice", None, "left"))
    await rig.finish_tasks()
    assert transport.close_request is SILENT


async def test_a_peer_that_was_placed_on_another_node_is_closed_without_an_event(rig: NodeRig) -> None:
    transport = await rig.create_transport()
    confirm(rig, 1, placement=Placement(node_id="other", epoch=1))
    await rig.finish_tasks()
    assert transport.close_request is SILENT


async def test_a_peer_that_is_back_before_it_is_closed_stays(rig: NodeRig) -> None:
    """The node learns of both placements at once, and the transport is of the second one."""
    transport = await rig.create_transport()
    elsewhere = Placement(node_id="other", epoch=1)
    confirm(rig, 1, placement=elsewhere)
    confirm(rig, 2)
    await rig.finish_tasks()
    assert transport.close_request is None
    confirm(rig, 3, placement=elsewhere)
    confirm(rig, 4)
    rig.replicas.projections[ROOM].apply(PeerChanged(5, "alice", None, "left"))
    await rig.finish_tasks()
    assert transport.close_request is SILENT


async def test_a_fenced_node_closes_every_peer(rig: NodeRig) -> None:
    transports = [await rig.create_transport(peer_id, transport_id=peer_id) for peer_id in ("alice", "bob")]
    await close_everything(rig.context)
    assert [each.close_request for each in transports] == [SILENT, SILENT]


async def test_a_peer_that_cannot_be_closed_keeps_no_other_open(rig: NodeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await rig.create_transport("alice", transport_id="a")
    second = await rig.create_transport("bob", transport_id="b")
    call = rig.core.call

    async def refuse_first(worker: int, command: commands.Command) -> dict[str, Any]:
        if isinstance(command, commands.CloseTransport) and command.transport == first.core_id:
            raise CoreError("busy", command)
        return await call(worker, command)

    monkeypatch.setattr(rig.core, "call", refuse_first)
    with pytest.raises(HubbubError):
        await close_everything(rig.context)
    assert (first.close_request, second.close_request) == (None, SILENT)


async def test_a_transport_that_the_core_does_not_have_is_removed_when_it_is_closed(rig: NodeRig) -> None:
    """Its creation was cancelled before the core refused it."""
    transport = await rig.create_transport()
    rig.core.errors[commands.CloseTransport] = "not_found"
    await close_transport(rig.context, transport, SILENT)
    assert rig.context.entities.rooms == {}


async def test_failed_reconciliation_of_one_room_does_not_stop_the_others(
    rig: NodeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.create_transport()
    is_complete, asked = rig.replicas.is_complete, list[str]()

    def fail_once(room_id: str) -> bool:
        asked.append(room_id)
        if len(asked) == 1:
            raise RuntimeError("a bug")
        return is_complete(room_id)

    monkeypatch.setattr(rig.replicas, "is_complete", fail_once)
    reconcile(rig.context, 99)
    await reconcile_twice(rig)
    assert len(rig.sent(commands.CloseTransport)) == 1


@pytest.mark.parametrize("producers", [(), ("producer",)])
async def test_what_is_confirmed_while_its_peer_is_busy_is_kept(rig: NodeRig, producers: tuple[str, ...]) -> None:
    transport = await rig.create_transport()
    await rig.create_producer(AUDIO)
    async with rig.context.locks.of(ROOM, "alice"):
        reconcile(rig.context, 100)
        reconcile(rig.context, LATER)
        await asyncio.sleep(0)
        confirm(rig, 1, *producers)
    await rig.finish_tasks()
    assert transport.close_request is None
    closed = rig.context.entities.producers["producer"].close_request
    assert closed is (None if producers else UNCONFIRMED)
