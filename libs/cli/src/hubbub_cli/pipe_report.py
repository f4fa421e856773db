"""The pipes of a room as text."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub_client.api import PipeEnd, RoomPeer, RoomPipe

from .quantities import NOTHING, bitrate
from .text_table import Column, cut, table

_PIPES = (
    Column("PIPE OF", shrinks=True),
    Column("TRACK"),
    Column("FROM", shrinks=True),
    Column("TO", shrinks=True),
    Column("LAYERS"),
    Column("BITRATE", right=True),
    Column("LINK"),
    Column("PRODUCER", optional=True),
)


def pipe_lines(pipes: Sequence[RoomPipe], left_out: int, peers: Sequence[RoomPeer], width: int | None) -> list[str]:
    """An empty line, and a table of the pipes by sender, track and way. Nothing for a room on one worker.

    `left_out` is how many more pipes there are. FROM and TO are a node and the index of a worker there. LAYERS are the
    spatial layers that are carried, from 0.
    """
    if not pipes:
        return []
    tracks = {
        track.producer_id: (peer.user_id, track.source or track.kind) for peer in peers for track in peer.producers
    }
    rows = sorted(_row(pipe, *tracks.get(pipe.producer_id, (NOTHING, NOTHING))) for pipe in pipes)
    lines = ["", *table(_PIPES, rows, width)]
    if left_out:
        more = f"... {left_out} more pipes"
        lines.append(more if width is None else cut(more, width))
    return lines


def _row(pipe: RoomPipe, user: str, track: str) -> list[str]:
    return [
        user,
        track,
        _end(pipe.origin),
        _end(pipe.target),
        _layers(pipe.encodings),
        bitrate(pipe.bitrate),
        _link(pipe),
        pipe.producer_id,
    ]


def _end(end: PipeEnd) -> str:
    return end.node_id if end.worker is None else f"{end.node_id}/{end.worker}"


def _layers(encodings: Sequence[bool]) -> str:
    """Those that are carried: `all`, `none`, or the numbers of these in the places of all, such as `01-`."""
    if all(encodings):
        return "all"
    if not any(encodings):
        return "none"
    return "".join(str(layer) if is_carried else "-" for layer, is_carried in enumerate(encodings))


def _link(pipe: RoomPipe) -> str:
    """The state of the link between two nodes. Workers of a node have none that can be lost."""
    if pipe.origin.node_id == pipe.target.node_id:
        return NOTHING
    return "connected" if pipe.connected else "lost"
