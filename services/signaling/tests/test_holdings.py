"""What hangs on what."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_signaling.domain.holdings import HeldConsumer, Holdings


def held() -> Holdings:
    return Holdings(
        transports={"up": "send", "down": "recv"},
        producers={"camera": "up"},
        consumers={"theirs": HeldConsumer("down", "their camera")},
    )


def test_a_transport_takes_what_hangs_on_it() -> None:
    mine = held()
    assert mine.drop_transport("up") == ["camera"]
    assert mine.consumers
    assert mine.drop_transport("down") == []
    assert not mine.consumers


def test_an_id_that_is_not_held_is_not_found() -> None:
    mine = held()
    for check in (mine.transport, mine.producer, mine.consumer):
        with pytest.raises(HubbubError) as refused:
            check("somebody else's")
        assert refused.value.code is ErrorCode.NOT_FOUND


def test_a_transport_goes_one_way() -> None:
    with pytest.raises(HubbubError) as refused:
        held().transport("down", "send")
    assert refused.value.code is ErrorCode.INVALID_STATE
