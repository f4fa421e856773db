"""Which calls a user's list contains."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

from hubbub_calls.domain import call
from hubbub_calls.domain.live_calls import LiveCalls, StoredCall
from hubbub_calls.domain.timeouts import Timeouts
from hubbub_calls.handlers.context import CallsContext
from hubbub_calls.handlers.listing import list_calls
from hubbub_contracts.bus.call import ListCalls
from hubbub_contracts.bus.call_records import CallRecord

T = Timeouts(ring=60_000, entry=30_000)


class MovingCall:
    """The parts of the store and the history that a list reads.

    Another instance moves the call from the one into the other after the first look at either.
    """

    def __init__(self, record: CallRecord) -> None:
        self._live = [record]
        self._history: list[CallRecord] = []

    def _move(self) -> None:
        self._live, self._history = [], self._live + self._history

    async def refresh(self) -> None:
        """See `CallStore`."""

    @property
    def calls(self) -> LiveCalls:
        """See `CallStore`."""
        calls = LiveCalls()
        for record in self._live:
            calls.put(StoredCall("key", record, 1))
        self._move()
        return calls

    async def of_user(self, _tenant: str | None, _user_id: str) -> AsyncIterator[tuple[int, CallRecord]]:
        """See `CallHistory`."""
        found = list(enumerate(self._history))
        self._move()
        for each in found:
            yield each


async def test_a_call_that_moves_into_the_history_meanwhile_is_listed() -> None:
    record = call.new_call(
        "call",
        "ann",
        ["bob"],
        tenant=None,
        caller_name="Ann",
        group_id=None,
        video=True,
        app_data={},
        busy=frozenset(),
        now=0,
        timeouts=T,
    )
    places = cast("Any", MovingCall(record))
    context = CallsContext(store=places, history=places, directory=cast("Any", None), timeouts=T, max_calls=1)
    listed = await list_calls(context, ListCalls(user_id="bob"))
    assert [each.call_id for each in listed.calls] == ["call"]
