"""A node is chosen a few times a second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub_registry.domain.choice_rate import CHOICES_PER_SECOND, ChoiceRate
from support.registry_records import A, B


def test_a_second_of_choices_is_allowed_at_once_and_then_each_in_turn() -> None:
    rate = ChoiceRate()
    assert [rate.take(A, 100.0) for _ in range(CHOICES_PER_SECOND + 2)] == [True] * CHOICES_PER_SECOND + [False] * 2
    assert rate.take(B, 100.0), "each node has its own"
    assert not rate.take(A, 100.1)
    assert [rate.take(A, 100.2) for _ in range(2)] == [True, False]
    assert [rate.take(A, 200.0) for _ in range(CHOICES_PER_SECOND + 1)] == [True] * CHOICES_PER_SECOND + [False]


@given(st.lists(st.floats(0.0, 0.5), max_size=200))
def test_no_interval_has_more_than_its_share_and_a_burst(pauses: list[float]) -> None:
    rate, now, taken = ChoiceRate(), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if rate.take(A, now):
            taken.append(now)
    for index, begin in enumerate(taken):
        for number, end in enumerate(taken[index:], 1):
            assert number <= CHOICES_PER_SECOND * (1 + end - begin) + 1e-3
