"""The deadlines of one instance."""

from __future__ import annotations

from hubbub_calls.domain.deadline_queue import DeadlineQueue


def test_due_keys_are_popped_in_order_and_once() -> None:
    queue = DeadlineQueue()
    for key, deadline in (("b", 20), ("a", 10), ("c", 30)):
        queue.set(key, deadline)
    assert queue.next() == 10
    assert queue.pop_due(20) == ["a", "b"]
    assert queue.pop_due(20) == []
    assert queue.next() == 30


def test_new_deadline_replaces_the_former_one() -> None:
    queue = DeadlineQueue()
    queue.set("a", 10)
    queue.set("a", 40)
    assert queue.pop_due(39) == []
    queue.set("a", 10)
    queue.set("a", 10)
    assert queue.pop_due(40) == ["a"]
    assert queue.next() is None


def test_removed_deadline_is_not_due() -> None:
    queue = DeadlineQueue()
    queue.set("a", 10)
    queue.set("a", None)
    assert queue.pop_due(10) == []
    queue.set("a", 10)
    assert queue.pop_due(10) == ["a"]
