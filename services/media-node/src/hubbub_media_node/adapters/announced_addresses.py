"""Resolves the host names in ANNOUNCED_IP, at the start and periodically.

Not all browsers accept a host name in an ICE candidate, so candidates carry addresses. Creating a transport does not
wait for DNS: it uses the result of the last successful lookup.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from ..domain.announced_addresses import is_address, parse_announced

_log = structlog.get_logger(__name__)

REFRESH_INTERVAL: Final = 30.0
"""Seconds between two lookups."""

_LOOKUP_TIMEOUT: Final = 5.0

Lookup = Callable[[str], Awaitable[list[str]]]
"""Resolves a host name to its addresses. Raises OSError."""


class UnknownHost(Exception):
    """An announced host name has no usable address."""


class AnnouncedAddresses:
    """The announced addresses, with each host name replaced by its addresses."""

    def __init__(self, announced: Sequence[str], lookup: Lookup | None = None) -> None:
        self._announced = announced
        self._lookup = lookup or _look_up
        self._resolved: dict[str, list[str]] = {name: [] for name in announced if not is_address(name)}

    @property
    def has_names(self) -> bool:
        """Whether there are host names to resolve."""
        return bool(self._resolved)

    def addresses(self) -> list[str]:
        """The addresses without duplicates, most preferred first."""
        found = (self._resolved.get(each, [each]) for each in self._announced)
        return list(dict.fromkeys(address for addresses in found for address in addresses))

    async def resolve(self) -> None:
        """Resolves all names for the first time. Raises UnknownHost."""
        for name in self._resolved:
            try:
                self._resolved[name] = await self._addresses_of(name)
            except OSError as error:
                raise UnknownHost(
                    f"ANNOUNCED_IP: {name} has no usable address ({error}): correct the name, or set an address"
                ) from error

    async def refresh(self) -> bool:
        """Resolves all names again. Returns whether an address has changed."""
        before = self.addresses()
        for name in self._resolved:
            try:
                self._resolved[name] = await self._addresses_of(name)
            except OSError as error:
                _log.warning("could not resolve a host name, keeping its addresses", name=name, error=str(error))
        return self.addresses() != before

    async def refresh_periodically(self, interval: float = REFRESH_INTERVAL) -> None:
        """Refreshes until cancelled. A change affects new transports only."""
        while True:
            await asyncio.sleep(interval)
            if await self.refresh():
                _log.info("announced addresses changed", addresses=self.addresses())

    async def _addresses_of(self, name: str) -> list[str]:
        try:
            async with asyncio.timeout(_LOOKUP_TIMEOUT):
                found = await self._lookup(name)
        except TimeoutError as error:
            raise OSError("no answer from the DNS server") from error
        usable = []
        for address in found:
            try:
                usable += parse_announced(address)
            except ValueError:
                _log.warning("ignoring an address that clients cannot reach", name=name, address=address)
        if not usable:
            raise OSError("clients can reach none of its addresses")
        return usable


async def _look_up(name: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return [str(address[0]) for *_, address in found]
