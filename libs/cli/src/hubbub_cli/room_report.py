"""Rooms, and who is in one, as text. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hubbub_client.api import Placement, RoomInfo, RoomPeer, RoomProducer

from .bitrates import Bitrates
from .quantities import NOTHING, bitrate, duration
from .text_table import Column, cut, printable, table

_ROOMS = (
    Column("ROOM", shrinks=True),
    Column("PEERS", right=True),
    Column("NODES", right=True),
    Column("WHICH", shrinks=True),
    Column("OPEN FOR", right=True),
    Column("RULES", shrinks=True),
)
_PEERS = (
    Column("USER", shrinks=True),
    Column("NAME", shrinks=True),
    Column("NODE", shrinks=True),
    Column("WORKER", right=True),
    Column("MEDIA"),
    Column("UPLINK", right=True),
    Column("DOWNLINK", right=True),
    Column("TRACKS", shrinks=True),
    Column("HERE FOR", right=True, optional=True),
    Column("PEER", optional=True),
)


def rooms_lines(rooms: Sequence[RoomInfo], now: float, width: int | None) -> list[str]:
    """A table of the rooms, the fullest first."""
    if not rooms:
        return ["no open rooms"]
    ordered = sorted(rooms, key=lambda room: (-room.participants, room.call_id))
    rows = [
        [
            room.call_id,
            str(room.participants),
            str(len(room.nodes)),
            ", ".join(room.nodes) or NOTHING,
            _age(room.created_at, now),
            _rules(room),
        ]
        for room in ordered
    ]
    return table(_ROOMS, rows, width)


def room_lines(
    room: RoomInfo,
    peers: Sequence[RoomPeer],
    workers: Mapping[str, int | None],
    rates: Mapping[str, Bitrates],
    now: float,
    width: int | None,
) -> list[str]:
    """A line about the room, and a table of its participants in the order of their joining.

    `workers`, their indices, and `rates` are by peer id. Uplink is what the peer sends to its media node, downlink what
    it receives.
    """
    facts = [f"{len(peers)} peer{'' if len(peers) == 1 else 's'}", f"open for {_age(room.created_at, now)}"]
    rules = _rules(room)
    head = f"{printable(room.call_id)}: {', '.join([*facts, *([] if rules == NOTHING else [rules])])}"
    lines = [head if width is None else cut(head, width)]
    if not peers:
        return lines
    rows = [_peer(peer, workers.get(peer.peer_id), rates.get(peer.peer_id), now) for peer in peers]
    return [*lines, "", *table(_PEERS, rows, width)]


def _peer(peer: RoomPeer, worker: int | None, rates: Bitrates | None, now: float) -> list[str]:
    return [
        peer.user_id,
        peer.display_name,
        _node(peer.placement),
        NOTHING if worker is None else str(worker),
        peer.connection_state,
        bitrate(None if rates is None else rates.uplink),
        bitrate(None if rates is None else rates.downlink),
        ", ".join(_track(track, peer.muted) for track in peer.producers) or NOTHING,
        _age(peer.joined_at, now),
        peer.peer_id,
    ]


def _track(track: RoomProducer, muted: Sequence[str]) -> str:
    source = track.source or track.kind
    if source in muted:
        return f"{source} (muted)"
    return f"{source} (paused)" if track.paused else source


def _node(placement: Placement | None) -> str:
    return NOTHING if placement is None else placement.node_id


def _rules(room: RoomInfo) -> str:
    rules = [
        *(["locked"] if room.locked else []),
        *(["lobby"] if room.lobby else []),
        *([f"{room.waiting} waiting"] if room.waiting else []),
        *([f"{room.audience} watching"] if room.audience else []),
        *(["only moderators send"] if room.publishers == "moderators" else []),
    ]
    return ", ".join(rules) or NOTHING


def _age(since: int, now: float) -> str:
    return duration(now - since / 1000)
