"""A client's resources."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedResources


def resources() -> OwnedResources:
    return OwnedResources(
        transports={"up": "send", "down": "recv"},
        producers={"camera": "up"},
        consumers={"remote": OwnedConsumer("down", "remote camera")},
    )


def test_removing_a_transport_removes_its_producers_and_consumers() -> None:
    owned = resources()
    assert owned.remove_transport("up") == ["camera"]
    assert not owned.producers
    assert owned.consumers
    assert owned.remove_transport("down") == []
    assert not owned.consumers


def test_clear_returns_the_transports() -> None:
    owned = resources()
    assert owned.clear() == ["up", "down"]
    assert owned == OwnedResources()


def test_an_id_that_is_not_owned_is_not_found() -> None:
    owned = resources()
    for require in (owned.require_transport, owned.require_producer, owned.require_consumer):
        with pytest.raises(HubbubError) as refused:
            require("of another client")
        assert refused.value.code is ErrorCode.NOT_FOUND


def test_a_transport_of_the_other_direction_is_refused() -> None:
    with pytest.raises(HubbubError) as refused:
        resources().require_transport("down", "send")
    assert refused.value.code is ErrorCode.INVALID_STATE
