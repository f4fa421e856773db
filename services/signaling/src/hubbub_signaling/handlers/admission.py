"""The wait of a join for the decision of a moderator, for a client that knows no lobby."""

from __future__ import annotations

import asyncio
import contextlib

from hubbub_contracts import ErrorCode, HubbubError

NOT_ADMITTED = HubbubError(ErrorCode.NOT_ADMITTED, "no moderator admitted the client from the lobby")


class Admission:
    """Of one session. The client gets no event while it is pending: the answer to its join contains everything."""

    def __init__(self) -> None:
        self._decided: asyncio.Future[None] | None = None

    @property
    def pending(self) -> bool:
        """Whether a join waits to be answered."""
        return self._decided is not None

    def admit(self) -> None:
        """The client is in the room now."""
        if self._decided is not None and not self._decided.done():
            self._decided.set_result(None)

    def refuse(self, error: HubbubError) -> None:
        """The client will not be in the room."""
        if self._decided is not None and not self._decided.done():
            self._decided.set_exception(error)

    async def wait(self, timeout: float) -> None:
        """Returns once the client is admitted. Raises the refusal, and `not_admitted` after `timeout` seconds."""
        decided = self._decided = asyncio.get_running_loop().create_future()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await asyncio.shield(decided)
            if not decided.done():
                raise NOT_ADMITTED
            decided.result()
        finally:
            self._decided = None
            decided.cancel()
