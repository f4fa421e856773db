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
from .udp_cut import INTERNAL_IP, UdpCut, udp_cut

SHORTEST, LONGEST = 0.3, 12.0
"""Seconds. Leases expire after 10."""
TWO_AT_ONCE = 0.25
"""The share of rounds with two faults."""
NATS = "nats"
LINK = "link"
"""The way between two media nodes."""
LINKED = {"INTERNAL_IP": INTERNAL_IP}
"""Settings with which the nodes of an installation reach each other by that way."""


class Harm(StrEnum):
    """What happens to a process, or to the way between two nodes."""

    KILL = "killed"
    STOP = "stopped in order"
    FREEZE = "frozen"
    PARTITION = "cut off from the bus"
    MUTE = "heard by nobody on the bus"
    DEAF = "hearing nothing from the bus"
    CUT = "cut"


OF_SERVICES = (Harm.KILL, Harm.STOP, Harm.FREEZE, Harm.PARTITION, Harm.MUTE, Harm.DEAF)
OTHERS: Mapping[str, tuple[Harm, ...]] = {NATS: (Harm.KILL, Harm.FREEZE), LINK: (Harm.CUT,)}
"""By target; services have `OF_SERVICES`. The bus has its own tests of slow and partitioned clusters."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One process, or the way between the nodes, is harmed for a while, and then works again."""

    target: str
    """The process's name, such as `node-1`, or `nats`, or `link`."""
    harm: Harm
    seconds: float

    def __str__(self) -> str:
        """For the log."""
        return f"{self.target} {self.harm} for {self.seconds:.1f} s"


def rounds(chance: random.Random, targets: list[str]) -> Iterator[tuple[Fault, ...]]:
    """Endless rounds of one or two faults at a time, of different targets."""
    while True:
        count = 2 if chance.random() < TWO_AT_ONCE else 1
        yield tuple(_fault(chance, target) for target in chance.sample(targets, count))


def _fault(chance: random.Random, target: str) -> Fault:
    harms = OTHERS.get(target, OF_SERVICES)
    # Short ones are more frequent: they hit what reacts to a loss while it still does.
    seconds = SHORTEST * (LONGEST / SHORTEST) ** chance.random()
    return Fault(target, chance.choice(harms), seconds)


class FaultyInstallation:
    """Harms the processes of an installation, and the way between its nodes."""

    def __init__(self, installation: Installation, proxies: Mapping[str, TcpProxy], way: UdpCut) -> None:
        """`proxies` are between the services and the bus, by the name of the process; `way` is between the nodes."""
        self._installation = installation
        self._processes = {process.name: process for process in installation.processes}
        self._proxies = proxies
        self.way = way

    @property
    def targets(self) -> list[str]:
        """Everything that can be harmed."""
        return [NATS, LINK, *self._processes]

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
            if fault.harm is Harm.FREEZE:
                return _in_thread(nats.freeze), _in_thread(nats.thaw)
            return _in_thread(nats.kill), _in_thread(nats.start)
        if fault.target == LINK:
            return _at_once(lambda: self._cut(True)), _at_once(lambda: self._cut(False))
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
            case Harm.CUT:
                raise ValueError(f"{fault.target} cannot be cut")

    def _cut(self, is_cut: bool) -> None:
        self.way.is_cut = is_cut


@asynccontextmanager
async def faulty(installation: Installation) -> AsyncIterator[FaultyInstallation]:
    """Starts an installation, with the environment `LINKED`, and waits until it is ready.

    Its services reach the bus through proxies, and its nodes reach each other by a way that can be cut.
    """
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(udp_cut(*installation.layout.rtc_ports()))
        proxies: dict[str, TcpProxy] = {}
        for process in installation.processes:
            proxies[process.name] = await stack.enter_async_context(TcpProxy(installation.nats.port))
            connect_through(proxies[process.name], process, installation)
        stack.callback(installation.stop)
        await asyncio.to_thread(installation.start)
        yield FaultyInstallation(installation, proxies, way)


def _in_thread(action: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await asyncio.to_thread(action)

    return run


def _at_once(action: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        action()

    return run
