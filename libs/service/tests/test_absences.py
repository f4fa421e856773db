"""An absence counts when it lasts."""

from __future__ import annotations

from hubbub_service import Absences


def test_what_is_missing_for_the_whole_delay_is_returned() -> None:
    absences = Absences[str](2.0)
    assert absences.lasting(["a"], 10.0) == []
    assert absences.lasting(["a", "b"], 11.9) == []
    assert absences.lasting(["a", "b"], 12.0) == ["a"]
    assert absences.lasting(["a", "b"], 13.9) == ["a", "b"]


def test_what_returns_meanwhile_begins_anew() -> None:
    absences = Absences[str](2.0)
    absences.lasting(["a"], 10.0)
    absences.lasting([], 11.0)
    assert absences.lasting(["a"], 12.0) == []
    assert absences.lasting(["a"], 14.0) == ["a"]


def test_time_in_which_no_return_could_be_seen_does_not_count() -> None:
    absences = Absences[str](2.0)
    absences.lasting(["a"], 10.0)
    assert absences.lasting(["a"], 11.0) == []
    for now in (20.0, 30.0):
        absences.skip()
        assert absences.lasting(["a", "b"], now) == []
    assert absences.lasting(["a", "b"], 31.0) == ["a"]
    assert absences.lasting(["a", "b"], 32.0) == ["a", "b"]
