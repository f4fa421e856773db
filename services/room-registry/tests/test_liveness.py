"""When a node is called dead, by the clock and by the store."""

import pytest

from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import Placement
from hubbub_registry.domain.liveness import TRANSITIONS, Evidence, Life, Patience, State
from hubbub_registry.domain.nodes import Nodes

HOME = Placement(node_id="n", epoch=7)


def lease(epoch: int = 7, *, fenced: bool = False) -> LeaseRecord:
    return LeaseRecord(holder="n", instance="i", epoch=epoch, fenced=fenced)


def beat(epoch: int = 7, *, draining: bool = False, leased: bool = True, sent_at: int = 0) -> NodeHeartbeat:
    return NodeHeartbeat(node_id="n", epoch=epoch, sent_at=sent_at, draining=draining, leased=leased, workers=[])


def living() -> Nodes:
    nodes = Nodes(Patience())
    nodes.lease_stored("n", lease(), 0.0)
    nodes.beat(beat(), 0.0, 0)
    return nodes


def state(nodes: Nodes) -> State:
    life = nodes.life(HOME)
    return State.OVER if life is None else life.state


def test_nothing_brings_a_life_back_that_is_over() -> None:
    assert not [key for key in TRANSITIONS if key[0] is State.OVER]


def test_only_the_store_ends_a_life() -> None:
    assert {evidence for (_, evidence), after in TRANSITIONS.items() if after is State.OVER} == {Evidence.ENDED}
    assert all((before, Evidence.ENDED) in TRANSITIONS for before in State if before is not State.OVER)


@pytest.mark.parametrize(
    ("at", "expected"),
    [(0.34, State.ALIVE), (0.36, State.SUSPECT), (0.59, State.SUSPECT), (0.61, State.CONDEMNED)],
)
def test_silence_leads_by_suspicion_to_the_end(at: float, expected: State) -> None:
    nodes = living()
    for tick in range(int(at * 100) + 1):
        list(nodes.judge(tick / 100))
    list(nodes.judge(at))
    assert state(nodes) is expected


def test_nobody_is_condemned_unprobed_even_after_a_long_look_away() -> None:
    nodes = living()
    (suspect,) = nodes.judge(60.0)
    assert suspect.state is State.SUSPECT
    (condemned,) = nodes.judge(60.05)
    assert condemned.state is State.CONDEMNED


def test_a_beat_takes_the_judgement_back_until_the_fence_stands() -> None:
    nodes = living()
    list(nodes.judge(1.0))
    list(nodes.judge(1.1))
    assert state(nodes) is State.CONDEMNED
    nodes.beat(beat(), 1.2, 0)
    assert state(nodes) is State.ALIVE
    assert nodes.lease_stored("n", lease(fenced=True), 1.3)
    nodes.beat(beat(), 1.4, 0)
    assert nodes.is_over(HOME)
    assert not nodes.is_home(HOME)
    assert nodes.candidates() == []


def test_a_renewal_that_was_quicker_than_the_fence_takes_the_judgement_back() -> None:
    nodes = living()
    list(nodes.judge(1.0))
    list(nodes.judge(1.1))
    assert state(nodes) is State.CONDEMNED
    assert nodes.lease_stored("n", lease(), 1.2)
    assert state(nodes) is State.ALIVE
    assert list(nodes.judge(1.3)) == []


def test_a_newer_life_ends_the_older_one_and_a_late_word_of_that_changes_nothing() -> None:
    nodes = living()
    assert nodes.lease_stored("n", lease(9), 1.0)
    assert nodes.is_over(HOME)
    assert nodes.is_home(Placement(node_id="n", epoch=9))
    assert not nodes.lease_stored("n", lease(7), 1.1)
    assert not nodes.beat(beat(7), 1.2, 0)
    assert nodes.is_over(HOME)


def test_a_released_lease_ends_a_life_and_an_expired_one_only_bars_it() -> None:
    released, expired = living(), living()
    released.lease_gone("n", 1.0, released=True)
    assert released.is_over(HOME)
    expired.lease_gone("n", 1.0, released=False)
    assert expired.is_home(HOME)
    assert expired.candidates() == []
    expired.lease_stored("n", lease(), 2.0)
    assert [life.epoch for life in expired.candidates()] == [7]


def test_a_node_that_beats_without_a_lease_for_too_long_is_fenced() -> None:
    nodes = living()
    nodes.lease_gone("n", 0.0, released=False)
    for tick in range(60):
        nodes.beat(beat(), tick * 0.2, 0)
        condemned = [life.state for life in nodes.judge(tick * 0.2)]
        assert (State.CONDEMNED in condemned) == (tick * 0.2 >= 10)


def test_a_home_that_nobody_knows_is_awaited_then_condemned() -> None:
    nodes = Nodes(Patience())
    nodes.await_life(HOME, 0.0)
    assert nodes.is_home(HOME)
    assert list(nodes.judge(2.9)) == []
    assert [life.state for life in nodes.judge(3.1)] == [State.CONDEMNED]


@pytest.mark.parametrize(
    ("spoilt", "offset"),
    [(beat(draining=True), 0), (beat(leased=False), 0), (beat(), 1_001), (beat(), -1_001)],
)
def test_who_drains_has_no_lease_or_the_wrong_time_gets_no_rooms(spoilt: NodeHeartbeat, offset: int) -> None:
    nodes = Nodes(Patience())
    nodes.lease_stored("n", lease(), 0.0)
    nodes.beat(spoilt, 0.0, offset)
    assert nodes.candidates() == []
    nodes.beat(beat(), 0.2, 0)
    assert [life.node_id for life in nodes.candidates()] == ["n"]


def test_one_late_beat_is_not_a_wrong_clock() -> None:
    nodes = living()
    nodes.beat(beat(), 0.2, 1_500)
    assert nodes.candidates()
    for tick in range(20):
        nodes.beat(beat(), tick * 0.2, 1_500)
    assert nodes.candidates() == []


def test_a_life_reports_the_gravest_thing_first() -> None:
    life = Life("n", 1, last_heard=0.0, state=State.SUSPECT, lapsed_at=0.0)
    assert life.overdue(20.0, Patience()) is Evidence.SILENT
    life.last_heard = 20.0
    assert life.overdue(20.0, Patience()) is Evidence.LAPSED
    life.lapsed_at = None
    assert life.overdue(20.1, Patience()) is None
