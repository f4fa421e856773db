"""When clients are told how many watch."""

from __future__ import annotations

import pytest

from hubbub_signaling.domain.audience_news import AudienceNews, period


@pytest.mark.parametrize(
    ("audience", "seconds"), [(0, 1.0), (1, 1.0), (100, 1.0), (101, 10.0), (10_000, 10.0), (1_000_000, 10.0)]
)
def test_the_period_grows_with_the_audience(audience: int, seconds: float) -> None:
    assert period(audience) == seconds


@pytest.mark.parametrize(
    ("audience", "now", "wait"),
    [
        pytest.param(5, 100.0, 1.0, id="at once after the last one"),
        pytest.param(5, 100.75, 0.25, id="within the period"),
        pytest.param(5, 101.0, 0.0, id="at its end"),
        pytest.param(5, 500.0, 0.0, id="long after it"),
        pytest.param(101, 101.0, 9.0, id="the audience has grown meanwhile"),
    ],
)
def test_a_change_waits_for_the_end_of_the_period(audience: int, now: float, wait: float) -> None:
    news = AudienceNews()
    news.told(100.0)
    news.changed()
    assert news.wait(audience, now) == wait


def test_the_first_change_is_told_at_once_and_once() -> None:
    news = AudienceNews()
    assert news.wait(1, 0.0) is None
    news.changed()
    news.changed()
    assert news.wait(1, 0.0) == 0.0
    news.told(0.0)
    assert news.wait(1, 50.0) is None
