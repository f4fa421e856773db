"""Changes in the order of their sequences, and lost ones."""

from __future__ import annotations

from hubbub_webhooks.domain.change_order import GAP_TIMEOUT, MAX_WAITING, ChangeOrder


def add(order: ChangeOrder[int], *sequences: int, now: float = 0.0) -> list[int]:
    return [each for sequence in sequences for each in order.add(sequence, sequence, now)]


def test_swapped_neighbours_are_put_right() -> None:
    order = ChangeOrder[int](10)
    assert add(order, 12, 11, 14, 13) == [11, 12, 13, 14]
    assert order.last == 14
    assert not order.waits


def test_known_change_is_dropped() -> None:
    order = ChangeOrder[int](10)
    assert add(order, 9, 10, 11, 11) == [11]


def test_missing_change_is_lost_after_a_time() -> None:
    order = ChangeOrder[int](10)
    assert add(order, 12, now=5.0) == []
    assert order.waits
    assert not order.has_gap(5.0 + GAP_TIMEOUT - 0.1)
    assert add(order, 13, now=6.0) == []
    assert order.has_gap(5.0 + GAP_TIMEOUT)


def test_time_starts_again_with_each_gap() -> None:
    order = ChangeOrder[int](10)
    add(order, 12, now=0.0)
    assert add(order, 11, now=1.0) == [11, 12]
    add(order, 14, now=1.5)
    assert not order.has_gap(GAP_TIMEOUT + 1.0)
    assert order.has_gap(GAP_TIMEOUT + 1.5)


def test_many_waiting_changes_are_a_gap_at_once() -> None:
    order = ChangeOrder[int](0)
    add(order, *range(2, MAX_WAITING + 3))
    assert order.has_gap(0.0)


def test_what_waits_is_returned_without_what_is_lost() -> None:
    order = ChangeOrder[int](10)
    add(order, 15, 12, 13)
    assert order.skip() == [12, 13, 15]
    assert (order.last, order.waits, order.has_gap(GAP_TIMEOUT)) == (15, False, False)
    assert add(order, 14, 16) == [16]
    assert order.skip() == []
    assert order.last == 16


def test_listing_replaces_what_waits() -> None:
    order = ChangeOrder[int](10)
    add(order, 12)
    order.restart(15)
    assert not order.waits
    assert add(order, 12, 16) == [16]
