"""Reports to a peer's session how well its producers and consumers arrive."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerScoreChanged, ProducerScoreChanged
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_media_core import events

from ..domain.closures import to_owner
from .context import NodeContext


def report_score(context: NodeContext, event: events.ProducerScore | events.ConsumerScore) -> None:
    """Reports a change. The core limits their rate."""
    match event:
        case events.ProducerScore(core_id, scores):
            producer = context.entities.producer_by_core_id(core_id)
            if producer is not None:
                producer.score = [
                    EncodingScore(encoding_idx=one.encoding, ssrc=one.ssrc, rid=one.rid, score=one.score)
                    for one in scores
                ]
                changed = ProducerScoreChanged(producer_id=producer.id, score=producer.score)
                context.media_events.publish(to_owner(producer, changed))
        case events.ConsumerScore(core_id, score, producer_score, producer_scores):
            consumer = context.entities.consumer_by_core_id(core_id)
            if consumer is not None:
                consumer.score = ConsumerScores(
                    score=score, producer_score=producer_score, producer_scores=list(producer_scores)
                )
                context.media_events.publish(
                    to_owner(consumer, ConsumerScoreChanged(consumer_id=consumer.id, score=consumer.score))
                )
