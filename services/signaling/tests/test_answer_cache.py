"""The answers that a session keeps for repeated requests."""

from __future__ import annotations

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_signaling.domain.answer_cache import MAX_ANSWERS, MAX_BYTES, AnswerCache


def test_the_first_answer_is_returned_again() -> None:
    answers = AnswerCache()
    answers.put("a", "produce", {"id": "1"})
    answers.put("a", "produce", {"id": "2"})
    assert answers.get("a") == {"id": "1"}
    assert answers.get("b") is None


def test_an_answer_without_an_operation_id_is_not_kept() -> None:
    answers = AnswerCache()
    answers.put(None, "produce", {"id": "1"})
    assert answers.get(None) is None


def test_the_oldest_answers_are_discarded_beyond_the_number() -> None:
    answers = AnswerCache()
    for number in range(MAX_ANSWERS + 1):
        answers.put(str(number), "produce", {})
    assert answers.get("0") is None
    assert answers.get("1") == {}


def test_the_oldest_answers_are_discarded_beyond_the_bytes() -> None:
    answers = AnswerCache()
    for number in range(5):
        answers.put(str(number), "produce", {"text": "x" * (MAX_BYTES // 4)})
    assert [number for number in range(5) if answers.get(str(number)) is not None] == [2, 3, 4]


def test_the_newest_answer_is_kept_even_if_it_is_larger_than_the_limit() -> None:
    answers = AnswerCache()
    answers.put("a", "produce", {})
    answers.put("b", "produce", {"text": "x" * 2 * MAX_BYTES})
    assert answers.get("a") is None
    assert answers.get("b") is not None


@pytest.mark.parametrize("answered", [False, True], ids=["pending", "answered"])
def test_an_id_of_another_event_is_a_conflict(answered: bool) -> None:
    answers = AnswerCache()
    answers.begin("a", "produce")
    if answered:
        answers.put("a", "produce", {"id": "1"})
        answers.end("a")
    with pytest.raises(HubbubError) as caught:
        answers.begin("a", "closeProducer")
    assert caught.value.code is ErrorCode.CONFLICT
    answers.begin("a", "produce")


def test_an_id_without_an_answer_is_free_once_all_its_requests_have_ended() -> None:
    answers = AnswerCache()
    answers.begin("a", "produce")
    answers.begin("a", "produce")
    answers.end("a")
    with pytest.raises(HubbubError):
        answers.begin("a", "closeProducer")
    answers.end("a")
    answers.begin("a", "closeProducer")


def test_requests_without_an_id_do_not_conflict() -> None:
    answers = AnswerCache()
    for event in ("produce", "closeProducer"):
        answers.begin(None, event)
        answers.end(None)
