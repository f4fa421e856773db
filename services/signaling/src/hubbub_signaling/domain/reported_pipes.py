"""The pipes of a room, from what its media nodes report: a pipe between two nodes is reported by both."""

from __future__ import annotations

from collections.abc import Iterable

from hubbub_contracts.rtc_stats import RoomPipe


def join_reports(reported: Iterable[RoomPipe]) -> list[RoomPipe]:
    """Returns each pipe once, with what either node knows.

    The sending node knows the worker at the origin and what is carried, the receiving one the worker at the target and
    what arrives.
    """
    joined: dict[tuple[object, ...], RoomPipe] = {}
    for pipe in reported:
        key = _key(pipe)
        joined[key] = _join(joined[key], pipe) if key in joined else pipe
    return list(joined.values())


def _key(pipe: RoomPipe) -> tuple[object, ...]:
    """A producer reaches another node once, and each worker of its own node once."""
    nodes = (pipe.producer_id, pipe.origin.node_id, pipe.target.node_id)
    return nodes if pipe.origin.node_id != pipe.target.node_id else (*nodes, pipe.target.worker)


def _join(one: RoomPipe, other: RoomPipe) -> RoomPipe:
    sent, received = (one, other) if one.origin.worker is not None else (other, one)
    return RoomPipe(
        producer_id=sent.producer_id,
        origin=sent.origin,
        target=received.target,
        connected=sent.connected and received.connected,
        encodings=sent.encodings,
        bitrate=received.bitrate,
    )
