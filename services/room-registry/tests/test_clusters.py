"""Silence counts only while somebody of the node's NATS cluster is heard."""

import pytest

from hubbub_contracts.bus.lease import LeaseRecord
from hubbub_contracts.bus.node import NodeHeartbeat
from hubbub_contracts.bus.records import Placement
from hubbub_registry.domain.clusters import LOST_AFTER, Clusters
from hubbub_registry.domain.incarnation import LivenessState, Timeouts
from hubbub_registry.domain.nodes import Nodes

FAR = "faraway"
PLACEMENT = Placement(node_id="n", epoch=7)
TICK = 0.05


class Rig:
    """A node in another cluster, and the replica's clock."""

    def __init__(self) -> None:
        self.clusters = Clusters(lambda: "home")
        self.nodes = Nodes(Timeouts(), self.clusters)
        self.now = 100.0
        self.nodes.lease_written("n", LeaseRecord(holder="n", instance="i", epoch=7, cluster=FAR), self.now)
        self.clusters.answered(FAR, self.now, self.now)
        self.beat()

    def beat(self) -> None:
        beat = NodeHeartbeat(node_id="n", epoch=7, sent_at=0, draining=False, leased=True, workers=[])
        self.nodes.heartbeat(beat, self.now)

    def run(self, seconds: float, *, answers: bool, beats: bool = False) -> None:
        """`answers`: of others in the cluster. `beats`: of the node."""
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            if answers:
                self.clusters.answered(FAR, self.now - 0.01, self.now)
            if beats:
                self.beat()
            list(self.nodes.evaluate(self.now))

    def state(self) -> LivenessState:
        incarnation = self.nodes.find(PLACEMENT)
        assert incarnation is not None
        return incarnation.state


def test_a_node_that_is_silent_while_others_answer_is_dead_as_soon_as_at_home() -> None:
    rig = Rig()
    rig.run(0.9, answers=True)
    assert rig.state() is LivenessState.SUSPECT
    rig.run(0.3, answers=True)
    assert rig.state() is LivenessState.FENCING


def test_nobody_is_dead_while_the_cluster_is_cut_off_but_nobody_gets_rooms_there() -> None:
    rig = Rig()
    rig.run(LOST_AFTER - 1, answers=False)
    assert rig.state() is LivenessState.SUSPECT
    assert rig.nodes.candidates() == []
    incarnation = rig.nodes.find(PLACEMENT)
    assert incarnation is not None
    assert not incarnation.takes_peers


def test_a_cluster_that_is_lost_is_given_up() -> None:
    rig = Rig()
    rig.run(LOST_AFTER + 1, answers=False)
    assert rig.state() is LivenessState.FENCING


def test_after_a_cut_silence_counts_from_its_end() -> None:
    rig = Rig()
    rig.run(30, answers=False)
    rig.run(0.9, answers=True)
    assert rig.state() is LivenessState.SUSPECT, "its next heartbeat may still be on its way"
    rig.run(0.3, answers=True)
    assert rig.state() is LivenessState.FENCING, "it died during the cut"


def test_a_lease_that_lapsed_during_a_cut_can_be_renewed_after_it() -> None:
    rig = Rig()
    rig.run(10, answers=False)
    rig.nodes.lease_removed("n", rig.now, released=False)
    rig.run(30, answers=False)
    rig.run(9, answers=True, beats=True)
    assert rig.state() is LivenessState.ALIVE
    rig.run(2, answers=True, beats=True)
    assert rig.state() is LivenessState.FENCING


def test_a_cluster_that_has_never_answered_is_waited_for() -> None:
    clusters = Clusters(lambda: "home")
    nodes = Nodes(Timeouts(), clusters)
    nodes.lease_written("n", LeaseRecord(holder="n", instance="i", epoch=7, cluster=FAR), 0.0)
    list(nodes.evaluate(LOST_AFTER - 1))
    assert nodes.is_live(PLACEMENT)
    assert clusters.others == [FAR]
    list(nodes.evaluate(LOST_AFTER + 1))
    assert not nodes.is_live(PLACEMENT)


@pytest.mark.parametrize("cluster", [None, "home"])
def test_at_home_every_silence_counts(cluster: str | None) -> None:
    clusters = Clusters(lambda: "home")
    clusters.expect(cluster, 0.0)
    assert clusters.others == []
    assert not clusters.is_cut_off(cluster, 1000.0)
    assert not clusters.excuses(cluster, 1000.0)


def test_only_the_first_answer_after_a_pause_ends_a_cut() -> None:
    clusters = Clusters(lambda: "home")
    assert [clusters.answered(FAR, at, at + 0.1) for at in (0.0, 0.2, 0.1, 0.9, 5.0, 5.2)] == [
        *[False] * 4,
        True,
        False,
    ]
    assert clusters.heard(FAR).since == 5.1


def test_lapsed_leases_are_excused_until_they_could_be_renewed() -> None:
    clusters = Clusters(lambda: "home")
    clusters.expect(FAR, 0.0)
    for tenth in range(0, 100, 2):
        clusters.answered(FAR, tenth / 10, tenth / 10)
    assert not clusters.excuses(FAR, 10.5), "answers arrive: the holder is gone"
    assert clusters.excuses(FAR, 30.0)
    clusters.answered(FAR, 40.0, 40.0)
    assert clusters.excuses(FAR, 40.1)
    for tenth in range(402, 520, 2):
        clusters.answered(FAR, tenth / 10, tenth / 10)
    assert not clusters.excuses(FAR, 51.9)
    assert not clusters.excuses(FAR, 51.9 + LOST_AFTER)
