"""NATS's own client, mended in one place.

`Client.flush` leaves its future among those that wait for a pong when it is given up or cancelled. The pong, when it
comes, then fails on it, and that ends the client's reader: the connection looks well and is deaf. `_process_pong` and
`_pongs` are private, and nats-py is pinned; `tests/test_connection.py` holds this to the pinned version.
"""

from __future__ import annotations

from nats.aio.client import Client


class PatchedClient(Client):
    """A client that takes a pong which nobody waits for any more as a sign of life, no more and no less."""

    async def _process_pong(self) -> None:
        if self._pongs and self._pongs[0].done():
            self._pongs.pop(0)
            self._pings_outstanding = 0
        else:
            await super()._process_pong()
