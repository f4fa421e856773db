"""The answers that make a request idempotent: a repeated `operationId` gets the first answer."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MAX_ANSWERS = 256


class AnswerCache:
    """The last successful answers of one session, by `operationId`."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def get(self, operation_id: str | None) -> dict[str, Any] | None:
        """The first answer under this id; None without an id, or when the answer was discarded."""
        return self._answers.get(operation_id) if operation_id else None

    def put(self, operation_id: str | None, answer: dict[str, Any]) -> None:
        """Stores the answer unless the id has one, and discards the oldest beyond `MAX_ANSWERS`."""
        if operation_id:
            self._answers.setdefault(operation_id, answer)
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
