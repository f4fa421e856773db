"""Instances of the calls service as real processes on their own NATS server, and a follower of their bucket."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hubbub_bus import Bus, ChangeFeed, Entry
from hubbub_cli.supervised_process import ProcessSpec
from hubbub_contracts import Model, subjects
from hubbub_contracts.base import CallsRequest
from hubbub_contracts.bus.call import CallReply, StartCall
from hubbub_contracts.bus.call_records import CallRecord

from .nats_servers import NatsServer, nats_server
from .service_process import ServiceProcess

ReplyT = TypeVar("ReplyT", bound=Model)

START_TIMEOUT = 60.0


class CallsInstances:
    """A NATS server and calls instances."""

    def __init__(self, nats: NatsServer, processes: list[ServiceProcess]) -> None:
        self.nats = nats
        self.processes = processes

    def start(self, process: ServiceProcess) -> None:
        """Starts a process and waits until it is up. Raises AssertionError."""
        before = process.starts()
        process.start()
        deadline = time.monotonic() + START_TIMEOUT
        while process.starts() == before:
            assert process.alive, process.log_tail()
            assert time.monotonic() < deadline, process.log_tail()
            time.sleep(0.02)


@contextmanager
def calls_instances(directory: Path, count: int = 2, **settings: object) -> Iterator[CallsInstances]:
    """Starts instances. `settings` are those of the service in lower case."""
    with nats_server() as nats:
        environment = (
            os.environ | {"NATS_URL": nats.url} | {name.upper(): str(value) for name, value in settings.items()}
        )
        command = [sys.executable, "-m", "hubbub_calls"]
        names = [f"calls-{number}" for number in range(count)]
        specs = [ProcessSpec(name, command, environment, 10.0) for name in names]
        instances = CallsInstances(nats, [ServiceProcess(spec, directory / f"{spec.name}.log") for spec in specs])
        try:
            for process in instances.processes:
                instances.start(process)
            yield instances
        finally:
            for process in instances.processes:
                process.kill()


class CallsClient:
    """Sends requests to the calls service, and records every stored change of a call."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.changes: dict[str, list[CallRecord | None]] = defaultdict(list)
        """By call id, in store order; None when the call was removed."""
        self._at_key: dict[str, str] = {}
        """The id of the last call at a key."""
        self._arrived = asyncio.Event()

    async def request(self, message: CallsRequest[ReplyT]) -> ReplyT:
        """Sends a request. Raises HubbubError."""
        return await self.bus.request(subjects.calls(message.verb), message, timeout=10)

    async def start(self, caller: str, *callees: str, **fields: Any) -> CallReply:
        """Starts a call."""
        return await self.request(
            StartCall(caller_id=caller, caller_name=caller.title(), participants=list(callees), **fields)
        )

    def states(self, call: CallReply) -> list[str | None]:
        """The states of the call's stored records, in order; None when it was removed."""
        return [None if record is None else record.state for record in self.changes[call.call.call_id]]

    async def removed(self, call: CallReply, within: float = 40.0) -> CallRecord:
        """Waits until the call is in the history only, and returns its last record. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while None not in self.changes[call.call.call_id]:
                await self.wait_for_change()
        return [record for record in self.changes[call.call.call_id] if record is not None][-1]

    async def wait_for_change(self) -> None:
        """Waits until another change arrives."""
        self._arrived.clear()
        await self._arrived.wait()

    def on_change(self, entry: Entry) -> None:
        """A call was stored or removed."""
        record = None if entry.value is None else CallRecord.model_validate_json(entry.value)
        if record is not None:
            self._at_key[entry.key] = record.call_id
        if (call_id := self._at_key.get(entry.key)) is not None:
            self.changes[call_id].append(record)
        self._arrived.set()


@asynccontextmanager
async def calls_client(nats: NatsServer) -> AsyncIterator[CallsClient]:
    """A client that is connected inside the block."""
    bus = await Bus.connect(nats.url, name="test", timeout=20)
    try:
        client = CallsClient(bus)
        feed = await ChangeFeed.open(bus, f"{subjects.CALL_CHANGES}>", client.on_change, prefix=subjects.CALL_CHANGES)
        await bus.flush()
        yield client
        await feed.stop()
    finally:
        await bus.close()
