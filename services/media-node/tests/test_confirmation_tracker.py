"""An object expires when it stays unconfirmed for the timeout."""

from hubbub_media_node.domain.confirmation_tracker import ConfirmationTracker


def test_a_confirmed_object_never_expires() -> None:
    tracker: ConfirmationTracker[str] = ConfirmationTracker(timeout=10)
    assert tracker.expired(0, {"a"}, {"a"}, complete=True) == set()
    assert tracker.expired(100, {"a"}, {"a"}, complete=True) == set()


def test_an_object_that_was_never_confirmed_expires_after_the_timeout() -> None:
    tracker: ConfirmationTracker[str] = ConfirmationTracker(timeout=10)
    assert tracker.expired(5, {"a"}, set(), complete=True) == set()
    assert tracker.expired(14.9, {"a"}, set(), complete=True) == set()
    assert tracker.expired(15, {"a", "new"}, set(), complete=True) == {"a"}


def test_an_object_that_is_no_longer_confirmed_gets_the_whole_timeout() -> None:
    tracker: ConfirmationTracker[str] = ConfirmationTracker(timeout=10)
    tracker.expired(0, {"a"}, {"a"}, complete=True)
    assert tracker.expired(50, {"a"}, set(), complete=True) == set()
    assert tracker.expired(60, {"a"}, set(), complete=True) == {"a"}


def test_an_incomplete_replica_restarts_the_timeout() -> None:
    tracker: ConfirmationTracker[str] = ConfirmationTracker(timeout=10)
    tracker.expired(0, {"a"}, set(), complete=True)
    assert tracker.expired(20, {"a"}, set(), complete=False) == set()
    assert tracker.expired(21, {"a"}, set(), complete=True) == set()
    assert tracker.expired(31, {"a"}, set(), complete=True) == {"a"}


def test_an_object_that_is_created_again_gets_the_whole_timeout() -> None:
    tracker: ConfirmationTracker[str] = ConfirmationTracker(timeout=10)
    tracker.expired(0, {"a"}, set(), complete=True)
    tracker.expired(5, set(), set(), complete=True)
    assert tracker.expired(12, {"a"}, set(), complete=True) == set()
