"""What a media node reports of the pipes of a room."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.rtc_stats import ReadRoomTransports
from hubbub_contracts.rtc_stats import PipeEnd, RoomPipe, RoomTransports
from hubbub_media_core import commands, events
from hubbub_media_node.handlers import stats
from support.node_fakes import ROOM, NodeRig
from support.two_nodes import TwoNodes

READ = ReadRoomTransports(room_id=ROOM)
ARRIVING = {"streams": [{"bitrate": 150_000}, {"bitrate": 500_000}]}


async def read(rig: NodeRig) -> RoomTransports:
    rig.core.replies[commands.TransportStats] = {"bytes_received": 7, "bytes_sent": 9}
    rig.core.replies[commands.ProducerStats] = ARRIVING
    return await stats.read_room(rig.context, READ)


@pytest.fixture
async def two() -> TwoNodes:
    """Bob's node gets Alice's video, in its lowest encoding."""
    two = TwoNodes(room_peers_per_worker=1)
    await two.start()
    await two.consume()
    two.b.core_says(events.LayersWanted(producer=two.remote.core_id, encodings=(True, False, False)))
    await two.finish_tasks()
    return two


async def test_both_nodes_report_a_pipe_between_them(two: TwoNodes) -> None:
    a = two.a.context.entities.transports["transport"].worker
    b = two.remote.router.worker
    assert (await read(two.a)).pipes == [
        RoomPipe(
            producer_id="producer",
            origin=PipeEnd(node_id="a", worker=a),
            target=PipeEnd(node_id="b"),
            connected=False,
            encodings=[True, False, False],
        )
    ]
    two.b.core_says(
        events.IceSelected(
            transport=two.remote.link.transport.core_id,
            state="connected",
            local="127.0.0.1",
            remote=("127.0.0.1", 40_000),
            protocol="udp",
        )
    )
    seen = await read(two.b)
    assert seen.pipes == [
        RoomPipe(
            producer_id="producer",
            origin=PipeEnd(node_id="a"),
            target=PipeEnd(node_id="b", worker=b),
            connected=True,
            encodings=[True, False, False],
            bitrate=650_000,
        )
    ]
    assert [each.worker for each in seen.transports] == [b]


async def test_the_gateway_carries_it_to_another_worker(two: TwoNodes) -> None:
    await two.b.create_transport("cem", "recv", "other")
    await two.consume("second", "other", "cem")
    gateway, other = two.remote.router.worker, two.b.context.entities.transports["other"].worker
    assert gateway != other
    [_, within] = (await read(two.b)).pipes
    assert within == RoomPipe(
        producer_id="producer",
        origin=PipeEnd(node_id="b", worker=gateway),
        target=PipeEnd(node_id="b", worker=other),
        encodings=[False, False, False],
        bitrate=650_000,
    )


async def test_a_pipe_that_closes_meanwhile_has_no_bitrate(two: TwoNodes) -> None:
    two.b.core.errors[commands.ProducerStats] = "not_found"
    assert [pipe.bitrate for pipe in (await read(two.b)).pipes] == [None]


async def test_a_closing_pipe_is_not_reported(two: TwoNodes) -> None:
    two.b.context.entities.incoming.close(two.remote)
    two.a.context.entities.outgoing.close(two.pipe)
    assert (await read(two.a)).pipes == (await read(two.b)).pipes == []


async def test_the_report_is_bounded(two: TwoNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "MAX_PIPES", 0)
    seen = await read(two.b)
    assert (seen.pipes, seen.pipes_left_out) == ([], 1)


async def test_another_rooms_pipes_are_not_reported(two: TwoNodes) -> None:
    two.b.core.replies[commands.TransportStats] = {"bytes_received": 7, "bytes_sent": 9}
    elsewhere = await stats.read_room(two.b.context, ReadRoomTransports(room_id="other"))
    assert elsewhere == RoomTransports(transports=[])
