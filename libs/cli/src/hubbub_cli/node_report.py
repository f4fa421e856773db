"""The media nodes as text."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub_client.api import NodeInfo, WorkerLoad

from .quantities import NOTHING, percentage
from .text_table import Column, table

_COLUMNS = (
    Column("NODE", shrinks=True),
    Column("STATE"),
    Column("LOAD OF WORKERS", shrinks=True),
    Column("ROOMS", right=True),
    Column("PEERS", right=True),
    Column("PRODUCERS", right=True),
    Column("CONSUMERS", right=True),
    Column("PACKETS", right=True),
    Column("EPOCH", shrinks=True),
)


def node_lines(nodes: Sequence[NodeInfo], width: int | None) -> list[str]:
    """A table of the nodes. The load of a worker is the CPU time of its thread, in percent of a core."""
    if not nodes:
        return ["no media nodes"]
    return table(_COLUMNS, [_row(node) for node in nodes], width)


def _row(node: NodeInfo) -> list[str]:
    workers = node.workers
    return [
        node.node_id,
        node.state,
        ", ".join(percentage(worker.cpu) for worker in workers) or NOTHING,
        str(node.rooms),
        str(node.peers),
        _total(workers, "producers"),
        _total(workers, "consumers"),
        f"{sum(worker.packets_per_second for worker in workers):.0f}/s" if workers else NOTHING,
        str(node.epoch),
    ]


def _total(workers: Sequence[WorkerLoad], field: str) -> str:
    return str(sum(getattr(worker, field) for worker in workers)) if workers else NOTHING
