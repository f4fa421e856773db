"""A node is chosen a few times a second, and for a peer less often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub_contracts.bus.records import Placement
from hubbub_registry.domain.choice_rate import ChoiceRate
from support.registry_records import A, B


def took(rate: ChoiceRate[Placement], key: Placement, now: float) -> bool:
    if not rate.allows(key, now):
        return False
    rate.take(key, now)
    return True


def test_a_burst_is_allowed_at_once_and_then_each_choice_in_turn() -> None:
    rate = ChoiceRate[Placement](5, 5)
    assert [took(rate, A, 100.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert took(rate, B, 100.0), "each has its own"
    assert not took(rate, A, 100.1)
    assert [took(rate, A, 100.2) for _ in range(2)] == [True, False]
    assert [took(rate, A, 200.0) for _ in range(6)] == [True] * 5 + [False]


def test_a_slow_rate_has_its_burst() -> None:
    rate = ChoiceRate[Placement](3, 0.1)
    assert [took(rate, A, 100.0) for _ in range(4)] == [True] * 3 + [False]
    assert [took(rate, A, now) for now in (109.9, 110.0, 119.9, 120.0)] == [False, True, False, True]


@pytest.mark.parametrize(("burst", "per_second"), [(5, 5.0), (3, 0.1)])
@given(pauses=st.lists(st.floats(0.0, 0.5), max_size=200))
def test_no_interval_has_more_than_its_share_and_a_burst(pauses: list[float], burst: int, per_second: float) -> None:
    rate, now, taken = ChoiceRate[Placement](burst, per_second), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if took(rate, A, now):
            taken.append(now)
    for index, begin in enumerate(taken):
        for number, end in enumerate(taken[index:], 1):
            assert number <= burst + per_second * (end - begin) + 1e-3
