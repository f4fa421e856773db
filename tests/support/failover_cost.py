"""What a call of browsers costs while nothing happens, its standbys apart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import psutil

from hubbub_contracts import ids
from hubbub_contracts.bus.rtc_stats import ReadObjectStats
from hubbub_contracts.rtc_stats import TransportStats

from .bus_client import BusClient
from .footprint import MIB, cpu_seconds
from .installation import Installation

PERIOD = 30.0
"""Seconds for which the cost is measured. A browser checks a connection every 2.5 s, so some checks fall into it."""
HEADERS = 28
"""Bytes of IPv4 and UDP."""
_OF_CLIENTS = ("--type=renderer", "--utility-sub-type=network.mojom.NetworkService")
"""Of the browser's processes: those of the tabs, and the one with the sockets of all."""


@dataclass(frozen=True)
class Cost:
    """The means over the nodes, and over the clients."""

    node_cpu: float
    """Percent of a core."""
    node_memory: float
    """MiB that no other process shares."""
    client_cpu: float
    client_memory: float
    datagrams: float
    """A second, of a client and its standby, both ways, as the node of the standby counts them: ICE, DTLS, RTCP."""
    bytes: float
    """A second, of these, with the headers of IPv4 and UDP."""

    @classmethod
    def mean(cls, costs: Sequence[Cost]) -> Self:
        """Of several measurements."""
        return cls(*(sum(getattr(each, name) for each in costs) / len(costs) for name in cls.names()))

    def line(self) -> str:
        """All numbers, in their order."""
        return ", ".join(f"{name.replace('_', ' ')} {getattr(self, name):.2f}" for name in self.names())

    def __sub__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, name) - getattr(other, name) for name in self.names()))

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]


@dataclass
class Traffic:
    """What transports have carried."""

    transports: set[str]
    datagrams: int = 0
    bytes: int = 0


async def measure_cost(installation: Installation, client: BusClient, call_id: str, clients: int) -> Cost:
    """Measures a call of so many tabs, of the only browser that this process runs, for `PERIOD`.

    Raises RuntimeError when a standby was replaced meanwhile.
    """
    nodes, browser = [node.pid for node in installation.nodes], _processes_of_clients()
    traffic = await _standbys(client, call_id)
    before = _cpu(nodes), _cpu(browser)
    await asyncio.sleep(PERIOD)
    after = _cpu(nodes), _cpu(browser)
    carried = await _standbys(client, call_id)
    if carried.transports != traffic.transports:
        raise RuntimeError("a standby was replaced")
    [node_cpu, client_cpu] = [(late - early) / PERIOD * 100 for early, late in zip(before, after, strict=True)]
    datagrams = carried.datagrams - traffic.datagrams
    size = carried.bytes - traffic.bytes + datagrams * HEADERS
    return Cost(
        node_cpu=node_cpu / len(nodes),
        node_memory=_memory(nodes) / len(nodes),
        client_cpu=client_cpu / clients,
        client_memory=_memory(browser) / clients,
        datagrams=datagrams / PERIOD / clients,
        bytes=size / PERIOD / clients,
    )


async def _standbys(client: BusClient, call_id: str) -> Traffic:
    """What the transports of all standbys of the room have carried."""
    traffic = Traffic(set())
    for peer in (await client.room(call_id)).peers:
        if peer.standby is None:
            continue
        at = peer.standby.placement
        described = await client.describe(at, call_id, peer.peer_id)
        for transport in described.transports:
            read = ReadObjectStats(
                room_id=ids.room_id(call_id), peer_id=peer.peer_id, transport_id=transport.transport_id
            )
            for stats in (await client.ask_node(at, read)).stats:
                assert isinstance(stats, TransportStats)
                traffic.transports.add(stats.transport_id)
                traffic.datagrams += stats.packets_received + stats.packets_sent
                traffic.bytes += stats.bytes_received + stats.bytes_sent
    return traffic


def _processes_of_clients() -> list[int]:
    children = psutil.Process().children(recursive=True)
    return [each.pid for each in children if any(option in each.cmdline() for option in _OF_CLIENTS)]


def _cpu(pids: Sequence[int]) -> float:
    return sum(cpu_seconds(pid) for pid in pids)


def _memory(pids: Sequence[int]) -> float:
    return sum(psutil.Process(pid).memory_full_info().uss for pid in pids) / MIB
