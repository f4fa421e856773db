"""A way to one address of the server: a UDP socket, a TCP connection or a relay."""

from __future__ import annotations

from typing import Protocol


class Path(Protocol):
    """An open path. Datagrams that cannot be sent are dropped."""

    @property
    def is_closed(self) -> bool:
        """Whether it can no longer be used."""
        ...

    def send(self, data: bytes) -> None:
        """Sends a datagram. Never blocks, never raises."""
        ...

    def close(self) -> None:
        """Closes it."""
        ...
