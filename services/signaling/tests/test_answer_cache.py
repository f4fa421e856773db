"""The answers that a session keeps for repeated requests."""

from __future__ import annotations

from hubbub_signaling.domain.answer_cache import MAX_ANSWERS, MAX_BYTES, AnswerCache


def test_the_first_answer_is_returned_again() -> None:
    answers = AnswerCache()
    answers.put("a", {"id": "1"})
    answers.put("a", {"id": "2"})
    assert answers.get("a") == {"id": "1"}
    assert answers.get("b") is None


def test_an_answer_without_an_operation_id_is_not_kept() -> None:
    answers = AnswerCache()
    answers.put(None, {"id": "1"})
    assert answers.get(None) is None


def test_the_oldest_answers_are_discarded_beyond_the_number() -> None:
    answers = AnswerCache()
    for number in range(MAX_ANSWERS + 1):
        answers.put(str(number), {})
    assert answers.get("0") is None
    assert answers.get("1") == {}


def test_the_oldest_answers_are_discarded_beyond_the_bytes() -> None:
    answers = AnswerCache()
    for number in range(5):
        answers.put(str(number), {"text": "x" * (MAX_BYTES // 4)})
    assert [number for number in range(5) if answers.get(str(number)) is not None] == [2, 3, 4]


def test_the_newest_answer_is_kept_whatever_its_size() -> None:
    answers = AnswerCache()
    answers.put("a", {})
    answers.put("b", {"text": "x" * 2 * MAX_BYTES})
    assert answers.get("a") is None
    assert answers.get("b") is not None
