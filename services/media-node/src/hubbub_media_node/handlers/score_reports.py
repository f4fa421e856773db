"""Reports to a peer's session how well its producers and consumers arrive."""

from __future__ import annotations

from hubbub_contracts.bus.media import ConsumerScoreChanged, ProducerScoreChanged
from hubbub_contracts.scores import ConsumerScores, EncodingScore
from hubbub_media_core import events

from ..domain.closures import to_owner
from ..domain.entities import Consumer, Producer
from .context import NodeContext


def report_score(context: NodeContext, event: events.ProducerScore | events.ConsumerScore) -> None:
    """Reports a change. The core limits their rate."""
    match event:
        case events.ProducerScore(core_id, streams):
            producer = context.entities.producer_by_core_id(core_id)
            if producer is not None:
                producer.score = [
                    EncodingScore(encoding_idx=one.encoding, ssrc=one.ssrc, rid=one.rid, score=one.score)
                    for one in streams
                ]
                if producer.is_hidden:
                    producer.withheld = True
                else:
                    report_withheld_score(context, producer)
        case events.ConsumerScore(core_id, score, encoding, here):
            consumer = context.entities.consumer_by_core_id(core_id)
            if consumer is not None:
                scores = _origin_scores(context, consumer) or list(here)
                consumer.score = ConsumerScores(score=score, producer_score=scores[encoding], producer_scores=scores)
                context.media_events.publish(
                    to_owner(consumer, ConsumerScoreChanged(consumer_id=consumer.id, score=consumer.score))
                )


def report_withheld_score(context: NodeContext, producer: Producer) -> None:
    """Reports how well a producer arrives, if that is known."""
    if producer.score is not None:
        changed = ProducerScoreChanged(
            producer_id=producer.id, score=producer.score, transport_id=producer.transport.id
        )
        context.media_events.publish(to_owner(producer, changed))


def _origin_scores(context: NodeContext, consumer: Consumer) -> list[int]:
    """The scores of the encodings where the client sends them, for a consumer behind a pipe, which lacks what nobody
    wants there. Empty for another one, or when they are not known."""
    entities = context.entities
    origin = entities.origin_by_core_id(consumer.source)
    if origin is None or origin.score is None or entities.producer_by_core_id(consumer.source) is origin:
        return []
    known = {one.encoding_idx: one.score for one in origin.score}
    return [known.get(index, 0) for index in range(len(origin.spec.encodings))]
