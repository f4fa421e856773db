"""The time without media that proves that a client is gone."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.node import PeerDescription, ProducerDescription, TransportDescription
from hubbub_signaling.domain.media_silence import RECEIVER_SILENCE, SENDER_SILENCE, conclusive_silence


def description(*, connected: bool = True, producers: tuple[bool, ...] = ()) -> PeerDescription:
    """A peer with one transport and one producer per entry of `producers`, which says whether it is paused."""
    return PeerDescription(
        transports=[TransportDescription(transport_id="t", direction="send", connected=connected)],
        producers=[
            ProducerDescription(producer_id=str(i), transport_id="t", kind="audio", paused=paused)
            for i, paused in enumerate(producers)
        ],
        consumers=[],
    )


@pytest.mark.parametrize(
    ("described", "silence"),
    [
        (description(producers=(True, False)), SENDER_SILENCE),
        (description(producers=(True,)), RECEIVER_SILENCE),
        (description(), RECEIVER_SILENCE),
        (description(connected=False), None),
        (PeerDescription(transports=[], producers=[], consumers=[]), None),
    ],
)
def test_the_conclusive_silence_depends_on_what_the_client_has_to_send(
    described: PeerDescription, silence: float | None
) -> None:
    assert conclusive_silence(described) == silence
