"""Changes of a peer's producers. Each function returns the peer's new record, or None when nothing changes."""

from __future__ import annotations

from collections.abc import Collection

from hubbub_contracts import ErrorCode, HubbubError, QuotaExceeded
from hubbub_contracts.bus.producer import AddProducer, ReplaceProducer
from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.track_source import track_source

from .standby import with_producers


def add_producer(peer: PeerRecord, request: AddProducer, limit: int) -> PeerRecord | None:
    """Adds the producer of `request`; a peer may have at most `limit`.

    Raises `invalid_state` when the peer was moved to another media node than the request names, `conflict` when the id
    belongs to a producer of the other kind, and `quota_exceeded`.
    """
    if request.placement is not None and request.placement != peer.placement:
        raise _moved()
    for producer in peer.producers:
        if producer.producer_id == request.producer_id:
            if producer.kind != request.kind:
                raise HubbubError(ErrorCode.CONFLICT, "producer id is already in use")
            return None
    if len(peer.producers) >= limit:
        raise QuotaExceeded("producersOfPeer", f"a peer can have at most {limit} producers")
    new = ProducerRecord(
        producer_id=request.producer_id,
        kind=request.kind,
        app_data=request.app_data,
        paused=request.paused,
        source=track_source(request.kind, request.app_data, request.source),
    )
    return with_producers(peer, [*peer.producers, new])


def replace_producer(peer: PeerRecord, request: ReplaceProducer) -> PeerRecord | None:
    """The producer is on the peer's new node from now on. It stays paused if it is.

    Raises `not_found`, and `invalid_state` when the peer was moved to another media node than the request names.
    """
    found = _find(peer, request.producer_id)
    if request.placement != peer.placement:
        raise _moved()
    if found.placement is None:
        return None
    changed = found.model_copy(update={"placement": None, "paused": found.paused or request.paused})
    return with_producers(peer, [changed if producer is found else producer for producer in peer.producers])


def set_producer_paused(peer: PeerRecord, producer_id: str, *, paused: bool) -> PeerRecord | None:
    """Pauses or resumes one producer. Raises `not_found`."""
    found = _find(peer, producer_id)
    if found.paused == paused:
        return None
    changed = found.model_copy(update={"paused": paused})
    return with_producers(peer, [changed if producer is found else producer for producer in peer.producers])


def remove_producers(peer: PeerRecord, producer_ids: Collection[str]) -> PeerRecord:
    """Removes the producers with these ids, and the copies of them on the standby. Ignores unknown ids.

    The record is written even when it has none of them: an `AddProducer` that timed out may still be on its way to the
    store, and then loses its compare-and-set to this write.
    """
    return with_producers(peer, [each for each in peer.producers if each.producer_id not in producer_ids])


def _find(peer: PeerRecord, producer_id: str) -> ProducerRecord:
    found = next((producer for producer in peer.producers if producer.producer_id == producer_id), None)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such producer")
    return found


def _moved() -> HubbubError:
    return HubbubError(ErrorCode.INVALID_STATE, "the peer was moved to another media node", retryable=True)
