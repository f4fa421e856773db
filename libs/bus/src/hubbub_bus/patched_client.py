"""nats-py's client with six faults fixed. nats-py is pinned; `tests/test_connection.py`, and the repository's
`tests/contract/test_bus_tls.py`, fail when a fault is back.

- `Client.flush` leaves its future in the list of pending pongs when it times out or is cancelled. The late pong then
  fails on that future, which ends the client's reader: the connection looks healthy but receives nothing. The fix
  overrides the private `_process_pong` and reads the private `_pongs`.
- `Client.close` waits for ever for a server that does not read. `abort` drops the socket, which is the private
  `_io_writer` of the private `_transport`.
- A pong that is queued behind many messages makes the client give up a connection that works. The fix overrides the
  private `_process_msg`: a message proves as much as a pong.
- With `tls://`, the client sends its password without TLS if the server's INFO does not ask for TLS, which is what
  somebody in between would write there. The fix overrides the private `_process_info`, which precedes the password.
- An attempt to connect to a server that accepts, and then says nothing, leaves its socket open. The fix overrides the
  private `_connect_to_server`, which begins the next attempt.
- An attempt to connect whose TLS handshake is not answered in time is never followed by another one: the client waits
  for the end of a stream that the handshake has taken over. The fix overrides the private `_close`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import nats.errors
from nats.aio.client import Client, Srv


class DisconnectReason(StrEnum):
    """Why a connection was lost. The values are labels of the metric `hubbub_bus_disconnects_total`."""

    CLOSED_BY_SERVER = "closed_by_server"
    """The server stopped, or dropped this client, for instance as a slow consumer."""
    STALE = "stale"
    """Pings were not answered."""
    NETWORK = "network"
    OTHER = "other"


class ServerWithoutTls(nats.errors.Error):
    """The server offers no TLS, which this client needs."""

    def __str__(self) -> str:
        return "the server offers no TLS"


class PatchedClient(Client):
    """Accepts a pong whose flush was abandoned, counts messages as a sign of life, and remembers its last loss."""

    disconnect_reason = DisconnectReason.OTHER

    def __init__(self, *, needs_tls: bool = False) -> None:
        super().__init__()
        self._needs_tls = needs_tls
        self.cluster_name: str | None = None
        """Of the server, if it has a cluster. A leaf node has one of its own name."""

    def abort(self) -> None:
        """Drops the socket with what was not sent. `close` waits for a server that does not read."""
        writer = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()

    async def _connect_to_server(self, s: Srv) -> None:
        self.abort()
        await super()._connect_to_server(s)

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        if status == Client.DISCONNECTED:  # an attempt to connect has failed
            self.abort()
            self._transport = None
        await super()._close(status, do_cbs)

    async def _process_op_err(self, e: Exception) -> None:
        if self.is_connected:
            self.disconnect_reason = _reason(e)
        await super()._process_op_err(e)

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if initial_connection and self._needs_tls and not info.get("tls_required"):
            raise ServerWithoutTls
        self.cluster_name = info.get("cluster")
        await super()._process_info(info, initial_connection)

    async def _process_pong(self) -> None:
        if self._pongs and self._pongs[0].done():
            self._pongs.pop(0)
            self._pings_outstanding = 0
        else:
            await super()._process_pong()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self._pings_outstanding = 0
        await super()._process_msg(sid, subject, reply, data, headers)


def _reason(error: Exception) -> DisconnectReason:
    if isinstance(error, nats.errors.UnexpectedEOF):
        return DisconnectReason.CLOSED_BY_SERVER
    if isinstance(error, nats.errors.StaleConnectionError):
        return DisconnectReason.STALE
    return DisconnectReason.NETWORK if isinstance(error, OSError) else DisconnectReason.OTHER
