"""Hypothesis state machines whose rules send requests to a registry."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from hubbub_bus import Bus
from hubbub_contracts.bus.records import Placement

from .registry_rig import FakeSignaling, independent_node


class RegistryMachine(RuleBasedStateMachine):
    """A machine that is connected. It runs the loop itself: rules cannot be coroutines."""

    loop: asyncio.AbstractEventLoop
    signaling: FakeSignaling
    nodes: set[Placement]
    """The media nodes."""


MachineT = TypeVar("MachineT", bound=RegistryMachine)


@contextmanager
def connected(machine: type[MachineT], url: str, nodes: int = 1) -> Iterator[type[MachineT]]:
    """The machine with a connection to the registry on this NATS server, and with so many media nodes."""
    loop, exits = asyncio.new_event_loop(), AsyncExitStack()

    async def connect() -> dict[str, Any]:
        bus = await Bus.connect(url, name="test", timeout=20)
        exits.push_async_callback(bus.close)
        running = [await exits.enter_async_context(independent_node(url)) for _ in range(nodes)]
        signaling = await FakeSignaling(bus).start()
        exits.push_async_callback(signaling.stop)
        await signaling.wait_for_nodes(*running)
        return {"loop": loop, "signaling": signaling, "nodes": {node.placement for node in running}}

    attributes = loop.run_until_complete(connect())
    try:
        yield type("ConnectedMachine", (machine,), attributes)
    finally:
        loop.run_until_complete(exits.aclose())
        loop.close()


def run(machine: type[RegistryMachine], examples: int, steps: int) -> None:
    """Runs the machine with so many sequences of at most so many steps, however long they take."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
