"""A node is considered dead after its timeouts or by a record in the store."""

import pytest

from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import Placement
from hubbub_registry.domain.incarnation import LivenessState, Timeouts
from hubbub_registry.domain.nodes import Nodes

PLACEMENT = Placement(node_id="n", epoch=7)


def lease(epoch: int = 7, *, fenced: bool = False) -> LeaseRecord:
    return LeaseRecord(holder="n", instance="i", epoch=epoch, fenced=fenced)


def heartbeat(epoch: int = 7, *, draining: bool = False, leased: bool = True) -> NodeHeartbeat:
    return NodeHeartbeat(node_id="n", epoch=epoch, sent_at=0, draining=draining, leased=leased, workers=[])


def alive() -> Nodes:
    nodes = Nodes(Timeouts())
    nodes.lease_written("n", lease(), 0.0)
    nodes.heartbeat(heartbeat(), 0.0)
    return nodes


def fencing() -> Nodes:
    nodes = alive()
    list(nodes.evaluate(1.0))
    list(nodes.evaluate(1.1))
    assert state(nodes) is LivenessState.FENCING
    return nodes


def state(nodes: Nodes) -> LivenessState:
    incarnation = nodes.find(PLACEMENT)
    return LivenessState.ENDED if incarnation is None else incarnation.state


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0.24, LivenessState.ALIVE),
        (0.26, LivenessState.SUSPECT),
        (0.99, LivenessState.SUSPECT),
        (1.01, LivenessState.FENCING),
    ],
)
def test_a_silent_node_becomes_suspect_then_fencing(at: float, expected: LivenessState) -> None:
    nodes = alive()
    for tick in range(int(at * 100) + 1):
        list(nodes.evaluate(tick / 100))
    list(nodes.evaluate(at))
    assert state(nodes) is expected


def test_a_node_is_suspect_before_fencing_even_when_the_replica_was_stopped_for_long() -> None:
    nodes = alive()
    (suspect,) = nodes.evaluate(60.0)
    assert suspect.state is LivenessState.SUSPECT
    (fenced,) = nodes.evaluate(60.05)
    assert fenced.state is LivenessState.FENCING


def test_a_heartbeat_revives_a_node_until_the_fence_is_stored() -> None:
    nodes = fencing()
    nodes.heartbeat(heartbeat(), 1.2)
    assert state(nodes) is LivenessState.ALIVE
    assert nodes.lease_written("n", lease(fenced=True), 1.3)
    nodes.heartbeat(heartbeat(), 1.4)
    assert nodes.has_ended(PLACEMENT)
    assert not nodes.is_live(PLACEMENT)
    assert nodes.candidates() == []


def test_a_renewal_before_the_fence_revives_a_node() -> None:
    nodes = fencing()
    assert nodes.lease_written("n", lease(), 1.2)
    assert state(nodes) is LivenessState.ALIVE
    assert list(nodes.evaluate(1.3)) == []


def test_a_newer_incarnation_ends_the_older_one() -> None:
    nodes = alive()
    assert nodes.lease_written("n", lease(9), 1.0)
    assert nodes.has_ended(PLACEMENT)
    assert nodes.is_live(Placement(node_id="n", epoch=9))
    assert not nodes.lease_written("n", lease(7), 1.1)
    assert not nodes.heartbeat(heartbeat(7), 1.2)
    assert nodes.has_ended(PLACEMENT)


def test_a_released_lease_ends_an_incarnation() -> None:
    nodes = alive()
    nodes.lease_removed("n", 1.0, released=True)
    assert nodes.has_ended(PLACEMENT)


def test_an_expired_lease_keeps_the_node_live_but_without_new_rooms_until_it_is_renewed() -> None:
    nodes = alive()
    nodes.lease_removed("n", 1.0, released=False)
    assert nodes.is_live(PLACEMENT)
    assert nodes.candidates() == []
    nodes.lease_written("n", lease(), 2.0)
    assert [candidate.epoch for candidate in nodes.candidates()] == [7]


def test_a_node_that_sends_heartbeats_without_a_lease_is_fenced_after_ten_seconds() -> None:
    nodes = alive()
    nodes.lease_removed("n", 0.0, released=False)
    for tick in range(60):
        nodes.heartbeat(heartbeat(), tick * 0.2)
        states = [incarnation.state for incarnation in nodes.evaluate(tick * 0.2)]
        assert (LivenessState.FENCING in states) == (tick * 0.2 >= 10)


def test_time_in_which_the_replica_did_not_run_is_no_silence() -> None:
    nodes = alive()
    nodes.excuse(3.0, 3.1)
    assert list(nodes.evaluate(3.1)) == []
    assert [each.state for each in nodes.evaluate(3.4)] == [LivenessState.SUSPECT]
    assert [each.state for each in nodes.evaluate(4.1)] == [LivenessState.FENCING]


def test_a_heartbeat_is_never_dated_into_the_future() -> None:
    nodes = alive()
    nodes.excuse(3.0, 0.1)
    assert [each.state for each in nodes.evaluate(0.5)] == [LivenessState.SUSPECT]


def test_an_unknown_placement_is_pending_then_fenced() -> None:
    nodes = Nodes(Timeouts())
    nodes.expect(PLACEMENT, 0.0)
    assert nodes.is_live(PLACEMENT)
    assert list(nodes.evaluate(2.9)) == []
    assert [incarnation.state for incarnation in nodes.evaluate(3.1)] == [LivenessState.FENCING]


@pytest.mark.parametrize("unfit", [heartbeat(draining=True), heartbeat(leased=False)], ids=["draining", "no lease"])
def test_an_unfit_node_gets_no_rooms_until_a_good_heartbeat(unfit: NodeHeartbeat) -> None:
    nodes = Nodes(Timeouts())
    nodes.lease_written("n", lease(), 0.0)
    nodes.heartbeat(unfit, 0.0)
    assert nodes.candidates() == []
    nodes.heartbeat(heartbeat(), 0.2)
    assert [candidate.node_id for candidate in nodes.candidates()] == ["n"]
