"""Faults of an installation's processes, drawn at random: what may happen to whom, and how it is carried out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from .installation import Installation
from .proxied_bus import connect_through
from .tcp_proxy import TcpProxy

SHORTEST, LONGEST = 0.3, 12.0
"""Seconds. Leases expire after 10."""
TWO_AT_ONCE = 0.25
"""The share of rounds with two faults."""
NATS = "nats"


class Harm(StrEnum):
    """What happens to a process."""

    KILL = "killed"
    STOP = "stopped in order"
    FREEZE = "frozen"
    PARTITION = "cut off from the bus"
    MUTE = "heard by nobody on the bus"
    DEAF = "hearing nothing from the bus"


HARMS: Mapping[str, tuple[Harm, ...]] = {
    NATS: (Harm.KILL,),
    "registry": tuple(Harm),
    "node": tuple(Harm),
    "signaling": tuple(Harm),
}
"""By the kind of process. The bus has its own tests of slow and partitioned clusters."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One process is harmed for a while, and then works again."""

    target: str
    """The process's name, such as `node-1`, or `nats`."""
    harm: Harm
    seconds: float

    def __str__(self) -> str:
        """For the log."""
        return f"{self.target} {self.harm} for {self.seconds:.1f} s"


def rounds(chance: random.Random, processes: list[str]) -> Iterator[tuple[Fault, ...]]:
    """Endless rounds of one or two faults at a time, of different processes."""
    targets = [NATS, *processes]
    while True:
        count = 2 if chance.random() < TWO_AT_ONCE else 1
        yield tuple(_fault(chance, target) for target in chance.sample(targets, count))


def _fault(chance: random.Random, target: str) -> Fault:
    harms = HARMS[target.rpartition("-")[0] or target]
    # Short ones are more frequent: they hit what reacts to a loss while it still does.
    seconds = SHORTEST * (LONGEST / SHORTEST) ** chance.random()
    return Fault(target, chance.choice(harms), seconds)


class FaultyInstallation:
    """Harms the processes of an installation."""

    def __init__(self, installation: Installation, proxies: Mapping[str, TcpProxy]) -> None:
        """`proxies` are between the services and the bus, by the name of the process."""
        self._installation = installation
        self._processes = {process.name: process for process in installation.processes}
        self._proxies = proxies

    @property
    def names(self) -> list[str]:
        """The names of all processes but NATS."""
        return list(self._processes)

    async def carry_out(self, fault: Fault) -> None:
        """Harms the process, waits and ends the harm."""
        begin, end = self._actions(fault)
        await begin()
        await asyncio.sleep(fault.seconds)
        await end()

    def _actions(self, fault: Fault) -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]:
        """What begins the harm, and what ends it."""
        if fault.target == NATS:
            nats = self._installation.nats
            return _in_thread(nats.kill), _in_thread(nats.start)
        process, proxy = self._processes[fault.target], self._proxies[fault.target]
        match fault.harm:
            case Harm.KILL:
                return _in_thread(process.kill), _at_once(process.start)
            case Harm.STOP:
                return _in_thread(process.stop), _at_once(process.start)
            case Harm.FREEZE:
                return _at_once(process.freeze), _at_once(process.thaw)
            case Harm.PARTITION:
                return _at_once(proxy.block), _at_once(proxy.unblock)
            case Harm.MUTE:
                return _at_once(lambda: proxy.block(to_client=False)), _at_once(proxy.unblock)
            case Harm.DEAF:
                return _at_once(lambda: proxy.block(to_target=False)), _at_once(proxy.unblock)


@asynccontextmanager
async def faulty(installation: Installation) -> AsyncIterator[FaultyInstallation]:
    """Starts an installation whose services reach the bus through proxies, and waits until it is ready."""
    async with AsyncExitStack() as stack:
        proxies: dict[str, TcpProxy] = {}
        for process in installation.processes:
            proxies[process.name] = await stack.enter_async_context(TcpProxy(installation.nats.port))
            connect_through(proxies[process.name], process, installation)
        stack.callback(installation.stop)
        await asyncio.to_thread(installation.start)
        yield FaultyInstallation(installation, proxies)


def _in_thread(action: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await asyncio.to_thread(action)

    return run


def _at_once(action: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        action()

    return run
