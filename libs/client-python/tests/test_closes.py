"""A close is repeated until the server has answered it."""

from __future__ import annotations

from hubbub_client.closes import Closes
from hubbub_client.errors import CallError


async def test_what_cannot_be_done_now_is_asked_again_and_what_is_refused_for_good_is_done() -> None:
    answers: dict[str, list[CallError | None]] = {
        "busy": [CallError("unavailable", "later", retryable=True), None],
        "unknown": [CallError("not_found", "no")],
        "known": [None],
    }
    asked: list[str] = []

    async def request(one: str) -> None:
        asked.append(one)
        answer = answers[one].pop(0)
        if answer is not None:
            raise answer

    closes = Closes(request)
    closes.add("busy", "unknown", "known")
    error = await closes.perform()
    assert error is not None
    assert error.code == "unavailable"
    assert asked == ["busy", "unknown", "known"]
    assert await closes.perform() is None
    assert await closes.perform() is None
    assert asked == ["busy", "unknown", "known", "busy"]
