"""When a node that drains may end."""

from __future__ import annotations

import pytest

from hubbub_media_node.domain.drain_progress import QUIET_TIMEOUT, REGISTRY_TIMEOUT, DrainProgress
from hubbub_media_node.domain.room_view import Movers

NOBODY, LEAVING, STAYING = Movers(), Movers(leaving=1), Movers(staying=1)
STEP = 0.125


def looks(
    progress: DrainProgress, since: float, until: float, movers: Movers, behind: int = 0, *, registry: bool = True
) -> bool:
    """Looks periodically. Returns what the last look says."""
    over, now = False, since
    while now < until:
        now += STEP
        if registry:
            progress.registry_heard()
        over = progress.is_over(now, movers, behind)
    return over


@pytest.mark.parametrize(
    ("after", "movers", "behind", "over"),
    [
        (STEP, NOBODY, 0, True),
        (STEP, NOBODY, 1, False),
        (STEP, LEAVING, 0, False),
        (STEP, STAYING, 0, False),
        (QUIET_TIMEOUT - STEP, STAYING, 0, False),
        (QUIET_TIMEOUT, STAYING, 0, True),
        (QUIET_TIMEOUT, LEAVING, 0, False),
        (QUIET_TIMEOUT, Movers(leaving=1, staying=1), 0, False),
        (QUIET_TIMEOUT, NOBODY, 1, False),
        (30 - STEP, LEAVING, 1, False),
        (30, LEAVING, 1, True),
        (30 - STEP, Movers(staying=1, coming=1), 0, False),
        (30, Movers(staying=1, coming=1), 0, True),
    ],
)
def test_a_node_waits_for_those_who_leave(after: float, movers: Movers, behind: int, *, over: bool) -> None:
    assert looks(DrainProgress(100, timeout=30), 100, 100 + after, movers, behind) is over


@pytest.mark.parametrize("movers", [LEAVING, Movers(staying=1, coming=1)], ids=["leaves", "comes"])
def test_the_next_peer_has_as_much_time_as_the_first(movers: Movers) -> None:
    progress = DrainProgress(100, timeout=30)
    assert not looks(progress, 100, 110, movers)
    assert not looks(progress, 110, 110 + QUIET_TIMEOUT - STEP, STAYING)
    assert progress.is_over(110 + QUIET_TIMEOUT, STAYING, 0)


def test_the_time_in_which_the_node_did_not_run_does_not_count() -> None:
    progress = DrainProgress(100, timeout=30)
    assert not progress.is_over(103, STAYING, 0)
    assert looks(progress, 103, 103 + QUIET_TIMEOUT, STAYING)


def test_without_a_registry_nobody_moves() -> None:
    progress = DrainProgress(100, timeout=30)
    assert not looks(progress, 100, 110, LEAVING)
    last = 110 - STEP + REGISTRY_TIMEOUT  # it is heard before each look
    assert not looks(progress, 110, last - STEP, LEAVING, registry=False)
    assert looks(progress, last - STEP, last, LEAVING, registry=False)


def test_without_time_a_node_ends_at_once() -> None:
    assert DrainProgress(100, timeout=0).is_over(100, LEAVING, 0)
