"""The addresses behind the announced host names, and that they change.

Browsers do not all take a host name in a candidate, so clients are told addresses. Nobody who makes a transport waits
for the name server: names are looked up at the start and then from time to time, and when no answer can be had the
last one stands.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ..domain.announced import is_address, parse_announced

log = logging.getLogger(__name__)

REFRESH_INTERVAL: Final = 30.0
"""Seconds; what a moved name costs at most."""

_LOOKUP_DEADLINE: Final = 5.0

Lookup = Callable[[str], Awaitable[list[str]]]
"""The addresses of a host name. Raises OSError."""


class UnknownHost(Exception):
    """An announced host name has no address."""


class AnnouncedAddresses:
    """What was announced, with the addresses of its host names in their places."""

    def __init__(self, announced: Sequence[str], lookup: Lookup | None = None) -> None:
        self._announced = announced
        self._lookup = lookup or _look_up
        self._known: dict[str, list[str]] = {name: [] for name in announced if not is_address(name)}

    @property
    def has_names(self) -> bool:
        """There is something that may change."""
        return bool(self._known)

    def addresses(self) -> list[str]:
        """The addresses, the best first, each once."""
        found = (self._known.get(each, [each]) for each in self._announced)
        return list(dict.fromkeys(address for addresses in found for address in addresses))

    async def resolve(self) -> None:
        """Looks every name up for the first time. Raises UnknownHost with advice."""
        for name in self._known:
            try:
                self._known[name] = await self._addresses_of(name)
            except OSError as error:
                raise UnknownHost(
                    f"ANNOUNCED_IP: {name} has no address that clients could be told ({error}): "
                    "correct the name, or announce an address"
                ) from error

    async def refresh(self) -> bool:
        """Looks every name up again; whether an address has changed."""
        before = self.addresses()
        for name in self._known:
            try:
                self._known[name] = await self._addresses_of(name)
            except OSError as error:
                log.warning("%s was not looked up, its last addresses stand: %s", name, error)
        return self.addresses() != before

    async def keep(self, changed: Callable[[list[str]], None], interval: float = REFRESH_INTERVAL) -> None:
        """Refreshes for ever, and tells of changes; those who are connected are not touched by them."""
        while True:
            await asyncio.sleep(interval)
            if await self.refresh():
                log.info("clients are told other addresses now: %s", ", ".join(self.addresses()))
                changed(self.addresses())

    async def _addresses_of(self, name: str) -> list[str]:
        try:
            async with asyncio.timeout(_LOOKUP_DEADLINE):
                found = await self._lookup(name)
        except TimeoutError as error:
            raise OSError("the name server does not answer") from error
        usable = []
        for address in found:
            try:
                usable += parse_announced(address)
            except ValueError:
                log.warning("%s has an address that clients cannot use: %s", name, address)
        if not usable:
            raise OSError("none of its addresses can be used")
        return usable


async def _look_up(name: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return [str(address[0]) for *_, address in found]
