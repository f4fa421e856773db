"""When the consumers of a producer that has moved switch, and when what is left of it is closed."""

from __future__ import annotations

import pytest

from hubbub_media_node.domain.handover import HANDOVER_TIMEOUT, RETRIES, Handover, HandoverStep

SOON, LATER = 100 + HANDOVER_TIMEOUT - 0.1, 100 + HANDOVER_TIMEOUT


@pytest.mark.parametrize(
    ("used", "asking", "is_sent", "now", "remote", "here"),
    [
        (0, 0, False, SOON, "close", "close"),
        (0, 0, False, LATER, "close", "close"),
        (0, 0, True, SOON, "wait", "wait"),
        (0, 0, True, LATER, "close", "close"),
        (2, 0, False, SOON, "wait", "wait"),
        (2, 0, True, SOON, "wait", "wait"),
        (2, 0, False, LATER, "close", "close"),
        (2, 1, False, SOON, "get successor", "get successor"),
        (2, 1, True, SOON, "get successor", "get successor"),
        (2, 1, False, LATER, "get successor", "close"),
    ],
)
def test_the_table_of_steps(
    used: int, asking: int, is_sent: bool, now: float, remote: HandoverStep, here: HandoverStep
) -> None:
    handover = Handover(since=100)
    assert handover.next_step(now, used, asking, is_here=True, is_sent=is_sent) == here
    assert handover.next_step(now, used, asking, is_here=False, is_sent=is_sent) == remote


@pytest.mark.parametrize("now", [SOON, LATER])
@pytest.mark.parametrize(("used", "asking", "step"), [(0, 0, "wait"), (2, 0, "wait"), (2, 1, "get successor")])
def test_a_copy_that_stands_by_is_not_closed(now: float, used: int, asking: int, step: HandoverStep) -> None:
    assert Handover(since=100).next_step(now, used, asking, is_here=True, is_sent=False, stays=True) == step


def test_what_delivers_nothing_any_more_needs_no_timeout() -> None:
    handover = Handover(since=100, ended=True)
    assert handover.next_step(SOON, 2, 0, is_here=False, is_sent=False) == "close"
    assert handover.next_step(SOON, 2, 1, is_here=False, is_sent=False) == "get successor"


def test_pauses_between_attempts_grow() -> None:
    handover, now, pauses = Handover(since=100), 100.0, []
    assert handover.is_due(now)
    for _ in range(len(RETRIES) + 2):
        handover.failed(now)
        assert not handover.is_due(handover.due - 0.01)
        assert handover.is_due(handover.due)
        pauses.append(round(handover.due - now, 3))
        now = handover.due
    assert pauses == [*RETRIES, RETRIES[-1], RETRIES[-1]]


def test_one_attempt_at_a_time() -> None:
    assert not Handover(since=100, getting=True).is_due(100)
