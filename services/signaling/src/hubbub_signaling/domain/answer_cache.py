"""The answers that make a request idempotent: a repeated `operationId` gets the first answer."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

from hubbub_contracts import ErrorCode, HubbubError

MAX_ANSWERS = 256
MAX_BYTES = 1024 * 1024
"""Of all answers of a session together. The newest answer is kept even if it is larger."""


@dataclass(slots=True)
class _Pending:
    """The requests with one id that are not answered yet."""

    event: str
    requests: int = 0


@dataclass(frozen=True, slots=True)
class _Answered:
    """The first successful answer under one id."""

    event: str
    answer: bytes
    """As JSON, which takes a fraction of the memory of the objects."""


class AnswerCache:
    """The last successful answers of one session, by `operationId`. A request without an id is never found again."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, _Answered] = OrderedDict()
        self._pending: dict[str, _Pending] = {}
        self._bytes = 0

    def begin(self, operation_id: str | None, event: str) -> None:
        """Registers a request; call `end` when it is answered. Raises `conflict` for the id of another event."""
        if not operation_id:
            return
        known = self._pending.get(operation_id) or self._answers.get(operation_id)
        if known is not None and known.event != event:
            raise HubbubError(ErrorCode.CONFLICT, f"operationId: was used for {known.event}")
        self._pending.setdefault(operation_id, _Pending(event)).requests += 1

    def end(self, operation_id: str | None) -> None:
        """The request was answered."""
        pending = self._pending.get(operation_id) if operation_id else None
        if operation_id and pending is not None:
            pending.requests -= 1
            if pending.requests == 0:
                del self._pending[operation_id]

    def get(self, operation_id: str | None) -> dict[str, Any] | None:
        """The first answer under this id; None without an id, or when the answer was discarded."""
        stored = self._answers.get(operation_id) if operation_id else None
        return None if stored is None else cast("dict[str, Any]", json.loads(stored.answer))

    def put(self, operation_id: str | None, event: str, answer: dict[str, Any]) -> None:
        """Stores the answer unless the id has one. Discards the oldest beyond `MAX_ANSWERS` and `MAX_BYTES`."""
        if not operation_id or operation_id in self._answers:
            return
        stored = _Answered(event, json.dumps(answer, separators=(",", ":")).encode())
        self._answers[operation_id] = stored
        self._bytes += len(stored.answer)
        while len(self._answers) > MAX_ANSWERS or (self._bytes > MAX_BYTES and len(self._answers) > 1):
            self._bytes -= len(self._answers.popitem(last=False)[1].answer)
