"""Changes of a peer's producers."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.producer import AddProducer
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.types import MediaKind
from hubbub_registry.domain.producers import add_producer, remove_producers, set_producer_paused
from support.registry_records import A, B, peer_record

PEER = peer_record("one", producers=2)


def request(producer_id: str = "new", placement: Placement | None = A, kind: MediaKind = "audio") -> AddProducer:
    return AddProducer(
        room_id="r",
        peer_id="one",
        producer_id=producer_id,
        kind=kind,
        app_data={},
        paused=False,
        placement=placement,
    )


def test_a_producer_is_added_within_the_limit() -> None:
    after = add_producer(PEER, request(), 3)
    assert after is not None
    assert [producer.producer_id for producer in after.producers] == ["p0", "p1", "new"]


def test_adding_a_producer_again_changes_nothing() -> None:
    assert add_producer(PEER, request("p1"), 2) is None


@pytest.mark.parametrize(
    ("refused", "limit", "code"),
    [
        (request(), 2, ErrorCode.QUOTA_EXCEEDED),
        (request(placement=B), 3, ErrorCode.INVALID_STATE),
        (request("p1", kind="video"), 3, ErrorCode.CONFLICT),
    ],
    ids=["over the limit", "on another node", "id of the other kind"],
)
def test_a_producer_is_refused(refused: AddProducer, limit: int, code: ErrorCode) -> None:
    with pytest.raises(HubbubError) as caught:
        add_producer(PEER, refused, limit)
    assert caught.value.code is code


def test_one_producer_is_paused() -> None:
    after = set_producer_paused(PEER, "p1", paused=True)
    assert after is not None
    assert [producer.paused for producer in after.producers] == [False, True]


def test_setting_the_same_pause_state_changes_nothing() -> None:
    assert set_producer_paused(PEER, "p1", paused=False) is None


def test_pausing_an_unknown_producer_is_refused() -> None:
    with pytest.raises(HubbubError) as caught:
        set_producer_paused(PEER, "unknown", paused=True)
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_unknown_producers_are_ignored_when_others_are_removed() -> None:
    assert remove_producers(PEER, ["unknown"]) == PEER
    after = remove_producers(PEER, ["p0", "unknown"])
    assert after is not None
    assert [producer.producer_id for producer in after.producers] == ["p1"]
