"""The load of a node, by its heartbeat."""

from __future__ import annotations

import pytest

from hubbub_contracts.bus.node import NodeHeartbeat, WorkerLoad
from hubbub_registry.domain.measured_load import measured_load
from support.registry_records import worker_load


def beat(*workers: WorkerLoad, packets: int | None = None, bits: int | None = None) -> NodeHeartbeat:
    return NodeHeartbeat(
        node_id="a",
        epoch=1,
        sent_at=0,
        draining=False,
        leased=True,
        workers=list(workers),
        max_packets_per_second=packets,
        max_bits_per_second=bits,
    )


TWO = (
    worker_load(0, 0.1, packets=2_000, received=1e6, sent=6e6),
    worker_load(1, 0.3, packets=1_000, received=3e6, sent=2e6),
)


@pytest.mark.parametrize(
    ("packets", "bits", "load"),
    [
        (None, None, 0.2),
        (10_000, None, 0.3),
        (100_000, None, 0.2),
        (None, 10_000_000, 0.8),
        (None, 100_000_000, 0.2),
        (4_000, 10_000_000, 0.8),
        (3_000, 10_000_000, 1.0),
    ],
)
def test_the_largest_of_cpu_time_packets_and_bits_counts(packets: int | None, bits: int | None, load: float) -> None:
    assert measured_load(beat(*TWO, packets=packets, bits=bits)) == pytest.approx(load)


def test_bits_are_those_of_the_busier_direction() -> None:
    assert measured_load(beat(worker_load(0, 0.0, received=5e6, sent=1e6), bits=10_000_000)) == 0.5
    assert measured_load(beat(worker_load(0, 0.0, received=1e6, sent=5e6), bits=10_000_000)) == 0.5


def test_a_node_without_workers_is_idle() -> None:
    assert measured_load(beat(packets=1, bits=1)) == 0.0


def test_the_heartbeat_of_an_older_version_says_its_cpu_time() -> None:
    new = {"bits_received_per_second", "bits_sent_per_second"}
    older = beat(*TWO).model_dump_json(
        exclude={"max_packets_per_second": True, "max_bits_per_second": True, "workers": {"__all__": new}}
    )
    assert measured_load(NodeHeartbeat.model_validate_json(older)) == pytest.approx(0.2)
