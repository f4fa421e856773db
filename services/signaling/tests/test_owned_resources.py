"""A client's resources."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_signaling.domain.owned_resources import OwnedConsumer, OwnedResources, OwnedTransport
from support.signaling_fakes import NODE, OTHER_NODE, RECEIVES, SENDS


def resources() -> OwnedResources:
    return OwnedResources(
        transports={"up": SENDS, "down": RECEIVES},
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


def test_what_is_on_a_node_that_was_left_is_removed() -> None:
    owned = resources()
    owned.transports["next"] = OwnedTransport("send", OTHER_NODE)
    owned.producers["screen"] = "next"
    assert (owned.require_producer("camera"), owned.require_producer("screen")) == (NODE, OTHER_NODE)
    assert owned.retain([NODE, OTHER_NODE]) == []
    assert owned.on(NODE) == resources()
    assert owned.retain([OTHER_NODE]) == ["up", "down"]
    assert owned == OwnedResources({"next": OwnedTransport("send", OTHER_NODE)}, {"screen": "next"})


def test_a_producer_that_was_replaced_stays_when_its_former_transport_is_removed() -> None:
    owned = resources()
    owned.transports["next"] = OwnedTransport("send", OTHER_NODE)
    owned.producers["camera"] = "next"
    assert owned.remove_transport("up") == []
    assert owned.require_producer("camera") == OTHER_NODE


def test_clear_removes_everything() -> None:
    owned = resources()
    owned.clear()
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
