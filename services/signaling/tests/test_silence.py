"""What silence tells of a client whose socket is gone."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.node import PeerDescription, ProducerDescription, TransportDescription
from hubbub_signaling.domain.silence import LISTENING_SILENCE, SENDING_SILENCE, telling_silence


def description(*, connected: bool = True, producers: tuple[bool, ...] = ()) -> PeerDescription:
    """A peer with one transport, and producers that are paused or not."""
    return PeerDescription(
        transports=[TransportDescription(transport_id="t", direction="send", connected=connected)],
        producers=[
            ProducerDescription(producer_id=str(i), transport_id="t", kind="audio", paused=paused)
            for i, paused in enumerate(producers)
        ],
        consumers=[],
    )


@pytest.mark.parametrize(
    ("held", "silence"),
    [
        (description(producers=(True, False)), SENDING_SILENCE),
        (description(producers=(True,)), LISTENING_SILENCE),
        (description(), LISTENING_SILENCE),
        (description(connected=False), None),
        (PeerDescription(transports=[], producers=[], consumers=[]), None),
    ],
)
def test_silence_proves_only_what_the_client_could_not_have_withheld(
    held: PeerDescription, silence: float | None
) -> None:
    assert telling_silence(held) == silence
