"""What becomes of a peer's record when its producers change. None: nothing changes."""

from __future__ import annotations

from collections.abc import Collection

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord


def added(peer: PeerRecord, message: AddProducer, limit: int) -> list[ProducerRecord] | None:
    """With one more. Raises `invalid_state`, `conflict` and `quota_exceeded`."""
    if message.placement is not None and message.placement != peer.placement:
        raise HubbubError(ErrorCode.INVALID_STATE, "the peer was moved to another media node", retryable=True)
    for producer in peer.producers:
        if producer.producer_id == message.producer_id:
            if producer.kind != message.kind:
                raise HubbubError(ErrorCode.CONFLICT, "the producer's id is taken")
            return None
    if len(peer.producers) >= limit:
        raise HubbubError(ErrorCode.QUOTA_EXCEEDED, f"a peer may have {limit} producers")
    new = ProducerRecord(
        producer_id=message.producer_id, kind=message.kind, app_data=message.app_data, paused=message.paused
    )
    return [*peer.producers, new]


def paused(peer: PeerRecord, producer_id: str, *, is_paused: bool) -> list[ProducerRecord] | None:
    """With one paused or going on. Raises `not_found`."""
    found = next((producer for producer in peer.producers if producer.producer_id == producer_id), None)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")
    if found.paused == is_paused:
        return None
    changed = found.model_copy(update={"paused": is_paused})
    return [changed if producer is found else producer for producer in peer.producers]


def removed(peer: PeerRecord, producer_ids: Collection[str]) -> list[ProducerRecord] | None:
    """Without some; those that are not there are passed over."""
    left = [producer for producer in peer.producers if producer.producer_id not in producer_ids]
    return None if len(left) == len(peer.producers) else left
