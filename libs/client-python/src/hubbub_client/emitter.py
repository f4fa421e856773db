"""Events of an object, for listeners that are functions or coroutine functions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Generic, TypeVar

_log = logging.getLogger(__name__)

EventT = TypeVar("EventT", bound=str)
Listener = Callable[..., object]


class Emitter(Generic[EventT]):
    """The type parameter is the Literal of the events' names."""

    def __init__(self) -> None:
        self._event_listeners: dict[str, list[Listener]] = {}
        self._event_tasks: set[asyncio.Future[Any]] = set()

    def on(self, event: EventT, listener: Listener) -> Callable[[], None]:
        """Calls `listener` on each `event`, a coroutine as a task. Returns a function that removes the listener."""
        listeners = self._event_listeners.setdefault(event, [])
        listeners.append(listener)

        def remove() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return remove

    def emit(self, event: EventT, *values: object) -> None:
        """Calls the listeners. Their errors are logged, and do not break the call."""
        for listener in list(self._event_listeners.get(event, ())):
            try:
                result = listener(*values)
            except Exception:  # noqa: BLE001  any error of the application
                _log.exception("a listener of the event %s failed", event)
                continue
            if isawaitable(result):
                task = asyncio.ensure_future(result)
                self._event_tasks.add(task)
                task.add_done_callback(self._event_task_ended)

    def _event_task_ended(self, task: asyncio.Future[Any]) -> None:
        self._event_tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a listener failed", exc_info=error)
