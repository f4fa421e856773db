"""Choosing the worker for a peer."""

from __future__ import annotations

import pytest

from hubbub_media_node.domain.worker_selection import WorkerChoice


def choice(*cpu: float, rooms: tuple[int, ...] = (), turn: int = 0) -> WorkerChoice:
    return WorkerChoice(cpu, rooms or (0,) * len(cpu), turn)


def test_the_first_peer_of_a_room_goes_to_the_least_loaded_worker() -> None:
    assert choice(0.8, 0.2, 0.5, rooms=(0, 5, 0)).for_peer({}, 200) == 1
    assert choice(0.9, 0.8).for_peer({}, 200) == 1, "all are busy"


def test_fewer_rooms_decide_between_equal_loads() -> None:
    assert choice(0.01, 0.03, rooms=(2, 1)).for_peer({}, 200) == 1


def test_equal_workers_take_turns() -> None:
    assert [choice(0.0, 0.0, 0.0, turn=turn).for_peer({}, 200) for turn in range(4)] == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("cpu", "peers", "chosen"),
    [
        pytest.param((0.5, 0.0, 0.0), {0: 1}, 0, id="the room's worker has room"),
        pytest.param((0.5, 0.0, 0.0), {2: 1, 0: 1}, 2, id="the first of the room's workers has room"),
        pytest.param((0.0, 0.5, 0.4), {0: 2}, 2, id="the room's worker is full"),
        pytest.param((0.7, 0.0, 0.5), {0: 1}, 1, id="the room's worker is busy"),
        pytest.param((0.7, 0.5, 0.0), {0: 1, 1: 1}, 1, id="the second of the room's workers has room"),
        pytest.param((0.8, 0.7, 0.9), {0: 1}, 0, id="all workers are busy"),
        pytest.param((0.3, 0.1, 0.2), {0: 3, 1: 2, 2: 2}, 1, id="all are full: the least loaded"),
        pytest.param((0.1, 0.1, 0.1), {0: 3, 1: 3, 2: 2}, 2, id="all are full: the fewest peers"),
        pytest.param((0.0,), {0: 9}, 0, id="one worker"),
    ],
)
def test_a_further_peer_goes_to_a_worker_of_its_room(
    cpu: tuple[float, ...], peers: dict[int, int], chosen: int
) -> None:
    assert choice(*cpu).for_peer(peers, budget=2) == chosen
