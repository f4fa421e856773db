"""How well streams arrive, in socket and bus messages alike, with mediasoup's field names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Model
from .types import Count

Score = Annotated[int, Field(ge=0, le=10)]
"""0, the worst, to 10: ten times the fourth power of the share of packets that arrive. Repaired packets count in part,
newer seconds more than older ones."""


class EncodingScore(Model):
    """How well the server receives one stream of a producer."""

    encoding_idx: Count
    """The index of the encoding."""
    ssrc: Count
    """The SSRC."""
    rid: str | None = None
    """The RID of the encoding."""
    score: Score
    """0, nothing arrives, to 10."""


class ConsumerScores(Model):
    """How well a consumer's stream arrives at the client, and the producer's at the server."""

    score: Score
    """Of the stream to the client, 0 to 10."""
    producer_score: Score
    """Of the producer's stream that is forwarded, 0 to 10."""
    producer_scores: list[Score]
    """Of each encoding of the producer, 0 to 10; 0 for one that does not arrive."""
