"""The answers that make a request idempotent: a repeated `operationId` gets the first answer."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any, cast

MAX_ANSWERS = 256
MAX_BYTES = 1024 * 1024
"""Of all answers of a session together. The newest answer is kept whatever its size."""


class AnswerCache:
    """The last successful answers of one session, by `operationId`."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        """As JSON, which takes a fraction of the memory of the objects."""
        self._bytes = 0

    def get(self, operation_id: str | None) -> dict[str, Any] | None:
        """The first answer under this id; None without an id, or when the answer was discarded."""
        stored = self._answers.get(operation_id) if operation_id else None
        return None if stored is None else cast("dict[str, Any]", json.loads(stored))

    def put(self, operation_id: str | None, answer: dict[str, Any]) -> None:
        """Stores the answer unless the id has one. Discards the oldest beyond `MAX_ANSWERS` and `MAX_BYTES`."""
        if not operation_id or operation_id in self._answers:
            return
        stored = json.dumps(answer, separators=(",", ":")).encode()
        self._answers[operation_id] = stored
        self._bytes += len(stored)
        while len(self._answers) > MAX_ANSWERS or (self._bytes > MAX_BYTES and len(self._answers) > 1):
            self._bytes -= len(self._answers.popitem(last=False)[1])
