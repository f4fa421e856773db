"""When what the room does not show is overdue."""

from hubbub_media_node.domain.confirmation import Confirmation


def test_what_is_shown_is_never_overdue() -> None:
    confirmation: Confirmation[str] = Confirmation(patience=10)
    assert confirmation.overdue(0, {"a"}, {"a"}, healthy=True) == set()
    assert confirmation.overdue(100, {"a"}, {"a"}, healthy=True) == set()


def test_what_was_never_shown_is_overdue_after_the_patience() -> None:
    confirmation: Confirmation[str] = Confirmation(patience=10)
    assert confirmation.overdue(5, {"a"}, set(), healthy=True) == set()
    assert confirmation.overdue(14.9, {"a"}, set(), healthy=True) == set()
    assert confirmation.overdue(15, {"a", "new"}, set(), healthy=True) == {"a"}


def test_what_is_not_shown_any_more_gets_the_whole_patience() -> None:
    confirmation: Confirmation[str] = Confirmation(patience=10)
    confirmation.overdue(0, {"a"}, {"a"}, healthy=True)
    assert confirmation.overdue(50, {"a"}, set(), healthy=True) == set()
    assert confirmation.overdue(60, {"a"}, set(), healthy=True) == {"a"}


def test_an_unhealthy_feed_lets_the_patience_begin_anew() -> None:
    confirmation: Confirmation[str] = Confirmation(patience=10)
    confirmation.overdue(0, {"a"}, set(), healthy=True)
    assert confirmation.overdue(20, {"a"}, set(), healthy=False) == set()
    assert confirmation.overdue(21, {"a"}, set(), healthy=True) == set()
    assert confirmation.overdue(31, {"a"}, set(), healthy=True) == {"a"}


def test_an_id_that_is_held_again_begins_anew() -> None:
    confirmation: Confirmation[str] = Confirmation(patience=10)
    confirmation.overdue(0, {"a"}, set(), healthy=True)
    confirmation.overdue(5, set(), set(), healthy=True)
    assert confirmation.overdue(12, {"a"}, set(), healthy=True) == set()
