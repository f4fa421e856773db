"""Choosing the worker for a new room."""

from hubbub_media_node.domain.worker_selection import least_loaded_worker


def test_a_room_is_placed_on_the_least_loaded_worker() -> None:
    assert least_loaded_worker([0.8, 0.2, 0.5], [0, 5, 0], turn=0) == 1


def test_fewer_rooms_decide_between_equal_loads() -> None:
    assert least_loaded_worker([0.01, 0.03], [2, 1], turn=0) == 1


def test_equal_workers_take_turns() -> None:
    assert [least_loaded_worker([0.0, 0.0, 0.0], [0, 0, 0], turn) for turn in range(4)] == [0, 1, 2, 0]
