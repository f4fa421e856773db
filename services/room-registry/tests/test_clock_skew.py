"""Estimates of how far the clocks of other processes differ."""

from __future__ import annotations

import pytest

from hubbub_registry.domain.clock_skew import FORGET_AFTER, WARN_INTERVAL, ClockSkews


@pytest.mark.parametrize("skew", [1.5, -1.5], ids=["behind", "ahead"])
def test_warnings_about_a_skew_over_a_second_are_rate_limited(skew: float) -> None:
    skews = ClockSkews()
    ticks = [skews.observe("node.n", skew, tick * 2.0) for tick in range(int(WARN_INTERVAL))]
    assert [tick * 2.0 for tick, warned in enumerate(ticks) if warned] == [0.0, WARN_INTERVAL]
    assert (skews.of("node.n"), skews.largest(2 * WARN_INTERVAL)) == (skew, 1.5)


def test_many_late_messages_are_a_skew_and_a_single_one_is_not() -> None:
    skews = ClockSkews()
    assert not skews.observe("node.n", 0.01, 0.0)
    assert not skews.observe("node.n", 3.0, 0.2)
    assert skews.largest(0.2) < 1.0
    assert any(skews.observe("node.n", 3.0, 0.4 + tick * 0.2) for tick in range(20))
    assert not skews.observe("node.n", 0.01, 5.0)
    assert skews.largest(5.0) == 0.01


def test_the_largest_skew_is_reported_until_its_sender_falls_silent() -> None:
    skews = ClockSkews()
    skews.observe("node.n", -0.4, 0.0)
    skews.observe("signaling.s", 0.2, FORGET_AFTER - 1)
    assert skews.largest(FORGET_AFTER - 1) == 0.4
    assert skews.largest(FORGET_AFTER + 1) == 0.2
    assert ClockSkews().largest(0.0) == 0.0
