"""When a node that drains may end."""

from __future__ import annotations

import pytest

from hubbub_media_node.domain.drain_progress import QUIET_TIMEOUT, DrainProgress
from hubbub_media_node.domain.room_view import Movers

NOBODY, LEAVING, STAYING = Movers(), Movers(leaving=1), Movers(staying=1)
LATER = 100 + QUIET_TIMEOUT


@pytest.mark.parametrize(
    ("now", "movers", "behind", "over"),
    [
        (100, NOBODY, 0, True),
        (100, NOBODY, 1, False),
        (100, LEAVING, 0, False),
        (100, STAYING, 0, False),
        (LATER - 0.1, STAYING, 0, False),
        (LATER, STAYING, 0, True),
        (LATER, LEAVING, 0, False),
        (LATER, Movers(leaving=1, staying=1), 0, False),
        (LATER, NOBODY, 1, False),
        (129.9, LEAVING, 1, False),
        (130, LEAVING, 1, True),
    ],
)
def test_a_node_waits_for_those_who_leave(now: float, movers: Movers, behind: int, over: bool) -> None:
    assert DrainProgress(100, timeout=30).is_over(now, movers, behind) is over


def test_the_next_peer_has_as_much_time_as_the_first() -> None:
    progress = DrainProgress(100, timeout=30)
    assert not progress.is_over(110, Movers(leaving=1, staying=1), 0)
    assert not progress.is_over(110 + QUIET_TIMEOUT - 0.1, STAYING, 0)
    assert progress.is_over(110 + QUIET_TIMEOUT, STAYING, 0)


def test_those_who_still_come_can_leave_afterwards() -> None:
    progress = DrainProgress(100, timeout=30)
    assert not progress.is_over(110, Movers(staying=1, coming=1), 0)
    assert not progress.is_over(110 + QUIET_TIMEOUT - 0.1, STAYING, 0)
    assert progress.is_over(110 + QUIET_TIMEOUT, STAYING, 0)
    assert progress.is_over(130, Movers(staying=1, coming=1), 0)


def test_without_time_a_node_ends_at_once() -> None:
    assert DrainProgress(100, timeout=0).is_over(100, LEAVING, 0)
