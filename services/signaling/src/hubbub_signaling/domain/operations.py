"""First results, remembered: an operation that is repeated under the same id is not done again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

REMEMBERED = 256


class Operations:
    """The last results of one session by `operationId`."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def recall(self, operation_id: str | None) -> dict[str, Any] | None:
        """The first answer under this id, if it is still remembered."""
        return self._answers.get(operation_id) if operation_id else None

    def remember(self, operation_id: str | None, answer: dict[str, Any]) -> None:
        """Keeps an answer, and forgets the oldest beyond the bound."""
        if operation_id:
            self._answers.setdefault(operation_id, answer)
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
