"""The media nodes as text."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub_client.api import NodeInfo, WorkerLoad

from .quantities import NOTHING, bitrate, duration, percentage
from .text_table import Column, table

_NODE = Column("NODE", shrinks=True)
_REGION = Column("REGION", shrinks=True)
_REST = (
    Column("STATE"),
    Column("WORKERS", right=True),
    Column("LOAD", right=True),
    Column("BUSIEST", right=True),
    Column("ROOMS", right=True),
    Column("PEERS", right=True),
    Column("PRODUCERS", right=True, optional=True),
    Column("CONSUMERS", right=True, optional=True),
    Column("PACKETS", right=True, optional=True),
    Column("BITRATE", right=True, optional=True),
    Column("EPOCH", optional=True),
)


def node_lines(nodes: Sequence[NodeInfo], now: float, width: int | None) -> list[str]:
    """A table of the nodes; `now` is in Unix seconds.

    The load is in percent of what the node can carry: the mean CPU time of its workers' threads, or what it carries of
    the bitrate or packets that it is limited to. The busiest worker is in percent of a core, the bitrate is what the
    node sends. Regions are shown where a node has one, and how long a node that drains still waits for its peers.
    """
    if not nodes:
        return ["no media nodes"]
    if any(node.region for node in nodes):
        rows = [[node.node_id, node.region or NOTHING, *_rest(node, now)] for node in nodes]
        return table((_NODE, _REGION, *_REST), rows, width)
    return table((_NODE, *_REST), [[node.node_id, *_rest(node, now)] for node in nodes], width)


def _rest(node: NodeInfo, now: float) -> list[str]:
    workers = node.workers
    loads = [worker.cpu for worker in workers]
    return [
        _state(node, now),
        str(len(workers)) if workers else NOTHING,
        percentage(node.load if node.load is not None else sum(loads) / len(loads)) if loads else NOTHING,
        percentage(max(loads)) if loads else NOTHING,
        str(node.rooms),
        str(node.peers),
        _total(workers, "producers"),
        _total(workers, "consumers"),
        f"{sum(worker.packets_per_second for worker in workers):.0f}/s" if workers else NOTHING,
        bitrate(sum(worker.bits_sent_per_second for worker in workers)) if workers else NOTHING,
        str(node.epoch),
    ]


def _state(node: NodeInfo, now: float) -> str:
    if node.state != "draining" or node.drain_deadline is None:
        return node.state
    return f"{node.state}, {duration(node.drain_deadline / 1000 - now)}"


def _total(workers: Sequence[WorkerLoad], field: str) -> str:
    return str(sum(getattr(worker, field) for worker in workers)) if workers else NOTHING
