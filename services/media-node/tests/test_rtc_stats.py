"""Statistics of a peer's objects."""

from typing import Any

import pytest

from hubbub_contracts.bus.consumer import CreateConsumer
from hubbub_contracts.bus.rtc_stats import ReadObjectStats, ReadRoomTransports
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_contracts.rtc_stats import InboundStats, TransportStats
from hubbub_media_core import commands
from hubbub_media_node.handlers import consumer, stats
from support.node_fakes import ROOM, NodeRig
from support.node_rig import fixture

_COUNTERS = ("packets", "bytes", "bitrate", "lost", "jitter", "nacks", "nacked", "repaired", "dropped", "score")
_STREAM = dict.fromkeys(_COUNTERS, 3)
_SENT = ("packets", "bytes", "bitrate", "lost", "fraction_lost", "jitter", "retransmitted", "score")


async def test_the_estimate_of_a_transport_has_mediasoups_name() -> None:
    rig = NodeRig()
    await rig.create_transport()
    counters = ("bytes_received", "packets_received", "bytes_sent", "packets_sent", "probation_bytes_sent")
    rig.core.replies[commands.TransportStats] = {
        **dict.fromkeys(counters, 7),
        "rtt_us": 25_500,
        "available_outgoing_bitrate": 900_000,
    }
    [read] = (
        await stats.get(rig.context, ReadObjectStats(room_id=ROOM, peer_id="alice", transport_id="transport"))
    ).stats
    assert isinstance(read, TransportStats)
    assert (read.round_trip_time, read.available_outgoing_bitrate) == (25.5, 900_000)
    assert read.model_dump(by_alias=True, exclude_none=True)["availableOutgoingBitrate"] == 900_000


async def test_each_stream_of_a_producer_has_an_entry() -> None:
    rig = NodeRig()
    await rig.create_transport()
    await rig.create_producer(fixture("chromium-156/produce-video-vp8-simulcast3.json"))
    streams: list[dict[str, Any]] = [{**_STREAM, "ssrc": ssrc, "rid": f"r{ssrc}"} for ssrc in (0, 1)]
    rig.core.replies[commands.ProducerStats] = {"streams": streams, "plis": 2, "firs": 1, "rtt_us": 25_500}
    read = (await stats.get(rig.context, ReadObjectStats(room_id=ROOM, peer_id="alice", producer_id="producer"))).stats
    assert [(one.ssrc, one.rid, one.pli_count, one.score) for one in read if isinstance(one, InboundStats)] == [
        (0, "r0", 2, 3),
        (1, "r1", 2, 3),
    ]
    first = read[0].model_dump(by_alias=True, exclude_none=True)
    names = ("mimeType", "nackCount", "firCount", "roundTripTime")
    assert [first[name] for name in names] == ["video/VP8", 3, 1, 25.5]
    assert "rtxSsrc" not in first


async def test_the_stream_of_a_consumer_has_mediasoups_names() -> None:
    rig = NodeRig()
    await rig.create_transport()
    await rig.create_transport("bob", "recv", "down")
    await rig.create_producer(fixture("chromium-156/produce-video-vp8.json"))
    request = CreateConsumer(
        room_id=ROOM,
        peer_id="bob",
        transport_id="down",
        producer_id="producer",
        consumer_id="consumer",
        rtp_capabilities=fixture("chromium-156/recv-rtp-capabilities.json"),
    )
    await consumer.create(rig.context, request)
    read = {"ssrc": 7, "rtx_ssrc": 8, "nacks": 1, "nacked": 2, "plis": 3, "firs": 4, "rtt_us": 40_000}
    rig.core.replies[commands.ConsumerStats] = {**dict.fromkeys(_SENT, 0), **read}
    [entry] = (await stats.get(rig.context, ReadObjectStats(room_id=ROOM, peer_id="bob", consumer_id="consumer"))).stats
    sent = entry.model_dump(by_alias=True)
    names = ("mimeType", "rtxSsrc", "nackCount", "nackPacketCount", "pliCount", "firCount", "roundTripTime")
    assert [sent[name] for name in names] == ["video/VP8", 8, 1, 2, 3, 4, 40.0]


async def test_a_stream_of_several_codecs_names_none() -> None:
    rig = NodeRig()
    await rig.create_transport()
    await rig.create_producer(fixture("chromium-156/produce-video-vp8-simulcast3.json"))
    [producer] = rig.context.entities.rooms[ROOM].producers()
    vp8 = producer.consumable["codecs"][0]
    other = vp8.copy()
    other["mimeType"] = "video/H264"
    producer.consumable["codecs"] = [vp8, other]
    rig.core.replies[commands.ProducerStats] = {"streams": [{**_STREAM, "ssrc": 0}], "plis": 0, "firs": 0}
    [read] = (
        await stats.get(rig.context, ReadObjectStats(room_id=ROOM, peer_id="alice", producer_id="producer"))
    ).stats
    assert isinstance(read, InboundStats)
    assert read.mime_type is None


async def test_stats_of_another_peers_object_are_refused() -> None:
    rig = NodeRig()
    await rig.create_transport()
    with pytest.raises(HubbubError) as refused:
        await stats.get(rig.context, ReadObjectStats(room_id=ROOM, peer_id="bob", transport_id="transport"))
    assert refused.value.code == ErrorCode.NOT_FOUND


async def test_the_transports_of_a_room_are_read_together() -> None:
    rig = NodeRig()
    await rig.create_transport()
    rig.core.replies[commands.TransportStats] = {"bytes_received": 7, "bytes_sent": 9}
    read = (await stats.read_room(rig.context, ReadRoomTransports(room_id=ROOM))).transports
    assert [(one.peer_id, one.transport_id, one.bytes_received, one.bytes_sent) for one in read] == [
        ("alice", "transport", 7, 9)
    ]
    assert (await stats.read_room(rig.context, ReadRoomTransports(room_id="other"))).transports == []


async def test_a_transport_that_closes_meanwhile_is_left_out() -> None:
    rig = NodeRig()
    await rig.create_transport()
    rig.core.errors[commands.TransportStats] = "not_found"
    assert (await stats.read_room(rig.context, ReadRoomTransports(room_id=ROOM))).transports == []
