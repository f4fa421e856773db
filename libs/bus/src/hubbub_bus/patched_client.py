"""nats-py's client with two faults fixed. nats-py is pinned; `tests/test_connection.py` fails when a fault is back.

- `Client.flush` leaves its future in the list of pending pongs when it times out or is cancelled. The late pong then
  fails on that future, which ends the client's reader: the connection looks healthy but receives nothing. The fix
  overrides the private `_process_pong` and reads the private `_pongs`.
- A pong that is queued behind many messages makes the client give up a connection that works. The fix overrides the
  private `_process_msg`: a message proves as much as a pong.
"""

from __future__ import annotations

from nats.aio.client import Client


class PatchedClient(Client):
    """Accepts a pong whose flush was abandoned, and takes messages for a sign of life."""

    async def _process_pong(self) -> None:
        if self._pongs and self._pongs[0].done():
            self._pongs.pop(0)
            self._pings_outstanding = 0
        else:
            await super()._process_pong()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self._pings_outstanding = 0
        await super()._process_msg(sid, subject, reply, data, headers)
