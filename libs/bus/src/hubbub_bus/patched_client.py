"""nats-py's client with one bug fixed.

`Client.flush` leaves its future in the list of pending pongs when it times out or is cancelled. The late pong then
fails on that future, which ends the client's reader: the connection looks healthy but receives nothing. The fix
overrides the private `_process_pong` and reads the private `_pongs`. nats-py is pinned; `tests/test_connection.py`
fails when the bug is back.
"""

from __future__ import annotations

from nats.aio.client import Client


class PatchedClient(Client):
    """Accepts a pong whose flush was abandoned."""

    async def _process_pong(self) -> None:
        if self._pongs and self._pongs[0].done():
            self._pongs.pop(0)
            self._pings_outstanding = 0
        else:
            await super()._process_pong()
