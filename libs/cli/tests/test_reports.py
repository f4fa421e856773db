"""Nodes, rooms and a room as text."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from rich.cells import cell_len

from hubbub_cli.bitrates import Bitrates, bitrates
from hubbub_cli.node_report import node_lines
from hubbub_cli.pipe_report import pipe_lines
from hubbub_cli.quantities import bitrate, duration, percentage
from hubbub_cli.room_report import room_lines, rooms_lines
from hubbub_cli.text_table import Column, table
from hubbub_client.api import (
    NodeInfo,
    PipeEnd,
    Placement,
    RoomInfo,
    RoomPeer,
    RoomPipe,
    RoomProducer,
    TransportCounters,
    WorkerLoad,
)

NOW = 1_764_000_000.0
NODE = Placement(node_id="node-1", epoch=7)


def worker(index: int = 0, cpu: float = 0.0, **more: Any) -> WorkerLoad:
    counts = dict.fromkeys(("rooms", "peers", "transports", "producers", "consumers"), 0)
    return WorkerLoad(index=index, cpu=cpu, **{"packets_per_second": 0.0, **counts, **more})


def room(call_id: str = "standup", participants: int = 2, **more: Any) -> RoomInfo:
    fields = {
        "waiting": 0,
        "locked": False,
        "lobby": False,
        "banned": [],
        "placement": NODE,
        "nodes": ["node-1"],
        **more,
    }
    created_at = round((NOW - 300) * 1000)
    return RoomInfo(call_id=call_id, created_at=created_at, participants=participants, **fields)


def peer(user: str, *tracks: RoomProducer, **more: Any) -> RoomPeer:
    fields = {"connection_state": "connected", "app_data": {}, "muted": [], "placement": NODE, **more}
    return RoomPeer(
        **{
            "peer_id": f"peer-of-{user}",
            "user_id": user,
            "display_name": user.title(),
            "joined_at": round((NOW - 65) * 1000),
            "producers": list(tracks),
            **fields,
        }
    )


def track(source: str, *, paused: bool = False) -> RoomProducer:
    kind: Literal["audio", "video"] = "audio" if source == "microphone" else "video"
    return RoomProducer(producer_id=source, peer_id="p", kind=kind, source=source, paused=paused, app_data={})


def pipe(producer_id: str, origin: PipeEnd, target: PipeEnd, **more: Any) -> RoomPipe:
    return RoomPipe(producer_id=producer_id, origin=origin, target=target, **{"encodings": [True], **more})


def counters(transport: str, at: int, received: int, sent: int, peer_id: str = "p") -> TransportCounters:
    return TransportCounters(
        peer_id=peer_id, transport_id=transport, timestamp=at, bytes_received=received, bytes_sent=sent
    )


def test_nodes_are_aligned() -> None:
    busy = worker(cpu=0.123, packets_per_second=4310.4, bits_sent_per_second=4.2e6, producers=20, consumers=52)
    nodes = [
        NodeInfo(node_id="node-1", epoch=7, state="accepting", rooms=3, peers=14, workers=[busy, worker(1, 0.03)]),
        NodeInfo(node_id="node-2", epoch=15, state="dead", rooms=0, peers=0, workers=[]),
    ]
    assert node_lines(nodes, NOW, None) == [
        "NODE    STATE      WORKERS  LOAD  BUSIEST  ROOMS  PEERS  PRODUCERS  CONSUMERS  PACKETS     BITRATE  EPOCH",
        "node-1  accepting        2   8 %     12 %      3     14         20         52   4310/s  4.2 Mbit/s  7",
        "node-2  dead             -     -        -      0      0          -          -        -           -  15",
    ]


def test_the_load_is_the_one_that_the_registry_measures() -> None:
    node = NodeInfo(
        node_id="n", epoch=1, state="accepting", rooms=0, peers=0, workers=[worker(cpu=0.1), worker(1)], load=0.6
    )
    assert node_lines([node], NOW, None)[1].split()[3:5] == ["60", "%"]


def test_regions_are_shown_where_a_node_has_one() -> None:
    nodes = [
        NodeInfo(node_id="a", epoch=1, state="accepting", rooms=0, peers=0, workers=[], region="eu-west"),
        NodeInfo(node_id="b", epoch=1, state="accepting", rooms=0, peers=0, workers=[]),
    ]
    assert [line.split()[:3] for line in node_lines(nodes, NOW, None)] == [
        ["NODE", "REGION", "STATE"],
        ["a", "eu-west", "accepting"],
        ["b", "-", "accepting"],
    ]


def test_a_node_that_drains_shows_how_long_it_waits() -> None:
    deadline = round((NOW + 25.4) * 1000)
    nodes = [
        NodeInfo(node_id="node", epoch=1, state="draining", rooms=0, peers=0, workers=[], drain_deadline=deadline),
        NodeInfo(node_id="node", epoch=1, state="draining", rooms=0, peers=0, workers=[]),
        NodeInfo(node_id="node", epoch=1, state="suspect", rooms=0, peers=0, workers=[], drain_deadline=deadline),
    ]
    states = [line.split("  ")[1] for line in node_lines(nodes, NOW, None)[1:]]
    assert states == ["draining, 25 s", "draining", "suspect"]


def test_rooms_are_listed_by_their_size() -> None:
    rooms = [
        room("b", 1),
        room("a", 1, locked=True, waiting=2, audience=40, lobby=True, publishers="moderators"),
        room("c", 30, placement=None, nodes=[]),
        room("d", 20, nodes=["node-2", "node-1"]),
    ]
    assert rooms_lines(rooms, NOW, None) == [
        "ROOM  PEERS  NODES  WHICH           OPEN FOR  RULES",
        "c        30      0  -                  5 min  -",
        "d        20      2  node-2, node-1     5 min  -",
        "a         1      1  node-1             5 min  locked, lobby, 2 waiting, 40 watching, only moderators send",
        "b         1      1  node-1             5 min  -",
    ]


def test_a_room_shows_who_is_where() -> None:
    peers = [
        peer("ann", track("microphone", paused=True), track("camera"), muted=["microphone"]),
        peer("ben", track("screen", paused=True), connection_state="disconnected", placement=None),
    ]
    rates = {"peer-of-ann": Bitrates(1_234_000, 56_000)}
    lines = room_lines(room(locked=True), peers, {"peer-of-ann": 3}, rates, NOW, None)
    assert lines[:2] == ["standup: 2 peers, open for 5 min, locked", ""]
    assert [line.removesuffix("PEER").partition("  peer-of-")[0].rstrip() for line in lines[2:]] == [
        "USER  NAME  NODE    WORKER  MEDIA             UPLINK     DOWNLINK  TRACKS                      HERE FOR",
        "ann   Ann   node-1       3  connected     1.2 Mbit/s  56.0 kbit/s  microphone (muted), camera     1 min",
        "ben   Ben   -            -  disconnected           -            -  screen (paused)                1 min",
    ]
    assert [line.split()[-1] for line in lines[2:]] == ["PEER", "peer-of-ann", "peer-of-ben"]


def test_a_room_shows_its_pipes() -> None:
    peers = [peer("ann", track("camera"), track("microphone")), peer("ben", track("screen"))]
    near, far = PipeEnd(node_id="node-1", worker=0), PipeEnd(node_id="node-2", worker=1)
    unanswered = PipeEnd(node_id="node-3")
    pipes = [
        pipe("screen", far, unanswered, encodings=[False], connected=False),
        pipe("microphone", near, far, bitrate=32_040),
        pipe("camera", near, far, encodings=[True, True, False], bitrate=640_000),
        pipe("camera", near, PipeEnd(node_id="node-1", worker=1), encodings=[True, True, True], bitrate=1_900_000),
        pipe("gone", near, far),
    ]
    assert pipe_lines(pipes, 2, peers, None) == [
        "",
        "PIPE OF  TRACK       FROM      TO        LAYERS      BITRATE  LINK       PRODUCER",
        "-        -           node-1/0  node-2/1  all               -  connected  gone",
        "ann      camera      node-1/0  node-1/1  all      1.9 Mbit/s  -          camera",
        "ann      camera      node-1/0  node-2/1  01-      640 kbit/s  connected  camera",
        "ann      microphone  node-1/0  node-2/1  all     32.0 kbit/s  connected  microphone",
        "ben      screen      node-2/1  node-3    none              -  lost       screen",
        "... 2 more pipes",
    ]
    assert pipe_lines([], 0, peers, None) == [], "a room on one worker has none"


def test_nothing_is_said_in_words() -> None:
    assert node_lines([], NOW, 80) == ["no media nodes"]
    assert rooms_lines([], NOW, 80) == ["no open rooms"]
    assert room_lines(room(), [], {}, {}, NOW, 80) == ["standup: 0 peers, open for 5 min"]


@pytest.mark.parametrize("width", [1, 20, 40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    wide = peer("ann", *[track("camera")] * 9, display_name="\N{CJK UNIFIED IDEOGRAPH-4E00}" * 40)
    nodes = [
        NodeInfo(
            node_id="n" * 64, epoch=7, state="accepting", rooms=3, peers=14, workers=[worker(n) for n in range(64)]
        )
    ]
    for lines in (
        room_lines(room("r" * 64), [wide, peer("ben")], {}, {}, NOW, width),
        rooms_lines([room("r" * 64)], NOW, width),
        node_lines(nodes, NOW, width),
        pipe_lines([pipe("camera", PipeEnd(node_id="n" * 64, worker=63), PipeEnd(node_id="m" * 64))], 9, [wide], width),
    ):
        assert all(cell_len(line) <= width for line in lines)


def test_columns_of_text_give_way_to_numbers() -> None:
    lines = table([Column("NAME", shrinks=True), Column("N", right=True)], [["a long name", "12345"]], 15)
    assert lines == ["NAME          N", "a long…   12345"]


def test_optional_columns_are_left_out_before_others_are_cut() -> None:
    columns = [Column("A", shrinks=True), Column("B", optional=True), Column("C"), Column("D", optional=True)]
    row = ["a" * 8, "b" * 8, "c" * 8, "d" * 8]
    shown = {width: table(columns, [row], width)[1] for width in (38, 37, 28, 27, 18, 17, 10)}
    assert shown[38].split() == row
    assert shown[37].split() == shown[28].split() == row[:3]
    assert shown[27].split() == shown[18].split() == [row[0], row[2]]
    assert (shown[17], shown[10]) == ("aaaaaa…  cccccccc", "aaaaa…  c…")


def test_a_name_cannot_control_the_terminal() -> None:
    hostile = peer("ann", display_name="\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}x\r\n")
    shown = room_lines(room("\x07bell"), [hostile], {}, {}, NOW, None)
    assert all(line.isprintable() for line in shown)


def test_bitrates_are_summed_over_the_transports_of_a_peer() -> None:
    before = [counters("send", 1_000, 5_000, 100), counters("recv", 1_000, 0, 9_000), counters("gone", 1_000, 0, 0)]
    after = [counters("send", 3_000, 255_000, 350), counters("recv", 2_000, 125, 134_000), counters("new", 2_000, 9, 9)]
    assert bitrates(before, after) == {"p": Bitrates(1_000_000 + 1_000, 1_000 + 1_000_000)}


def test_counters_without_an_earlier_reading_have_no_bitrate() -> None:
    assert bitrates([], [counters("send", 1_000, 5_000, 0)]) == {}
    assert bitrates([counters("send", 1_000, 5_000, 0)], [counters("send", 1_000, 6_000, 0)]) == {}
    assert bitrates([counters("send", 1_000, 5_000, 0)], [counters("send", 2_000, 0, 0)]) == {"p": Bitrates()}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0, "0 bit/s"),
        (999, "999 bit/s"),
        (999.6, "1.0 kbit/s"),
        (32_040, "32.0 kbit/s"),
        (640_400, "640 kbit/s"),
        (999_900, "1.0 Mbit/s"),
        (2_500_000_000, "2.5 Gbit/s"),
    ],
)
def test_bitrate(value: float | None, shown: str) -> None:
    assert bitrate(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-3, "0 s"), (0.9, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_300, "2 h"), (180_000, "2 d")],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_percentage() -> None:
    assert [percentage(each) for each in (0.0, 0.126, 1.0)] == ["0 %", "13 %", "100 %"]
