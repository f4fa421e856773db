"""Which packets are requested again, and how often."""

from __future__ import annotations

from hubbub_rtp.nack_generator import MAX_MISSING, MAX_TRIES, NackGenerator

ROUND_TRIP = 0.1


def received(*sequences: int) -> NackGenerator:
    generator = NackGenerator()
    for sequence in sequences:
        generator.received(sequence)
    return generator


def test_a_gap_is_requested_at_once_and_again_after_each_round_trip() -> None:
    generator = received(1, 4)
    assert generator.due(0.0, ROUND_TRIP) == [2, 3]
    assert generator.due(0.05, ROUND_TRIP) == []
    generator.received(3)
    assert generator.due(0.1, ROUND_TRIP) == [2]
    generator.received(2)
    assert generator.due(1.0, ROUND_TRIP) == []


def test_requests_end() -> None:
    generator = received(1, 3)
    requests = [generator.due(float(second), ROUND_TRIP) for second in range(100)]
    assert sum(map(len, requests)) == MAX_TRIES
    assert generator.missing == 0


def test_too_many_missing_packets_are_not_requested() -> None:
    generator = received(1, 3 + MAX_MISSING)
    assert generator.due(0.0, ROUND_TRIP) == []
    generator = received(*range(1, 2000, 2))
    assert generator.missing <= MAX_MISSING


def test_unneeded_packets_are_forgotten() -> None:
    generator = received(1, 10)
    generator.forget_before(8)
    assert generator.due(0.0, ROUND_TRIP) == [8, 9]
    generator.forget_all()
    assert generator.due(1.0, ROUND_TRIP) == []
