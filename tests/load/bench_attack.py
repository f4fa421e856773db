#!/usr/bin/env python3
"""Measures how long acknowledgements of a well-behaved client take while one address attacks signaling.

The attacker has 200 connections from another address, in a process on another core. Each sends just under the rate at
which a single connection is closed: first without a token, then with one guest token used 200 times. Beside the
p99 of these runs is that of the client alone.

Usage: bench_attack.py [--seconds 60] [--connections 200]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ids
from support.caller import Caller
from support.client_socket import ClientSocket, Refused
from support.installation import Installation

RATE = 99
"""Messages a second of each connection. Signaling accepts 100, and closes who goes on sending more."""
TICK = 0.1
ATTACKER = "127.0.0.2"
PAUSE = 0.02
"""Between two requests of the well-behaved client, in seconds."""
SECRET = b"s" * 32
MAX_P99 = 0.1


def token(user: str, grants: Grants) -> str:
    """An access token of an hour."""
    key = KeySet.parse(json.dumps(new_secret("key", "app", SECRET))).signing_key
    assert key is not None
    return issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=3_600, token_id=ids.mint())


async def attack_without_token(url: str, sent: list[int]) -> None:
    """One connection that asks to enter again and again, and is opened again when it is closed."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, OSError, TimeoutError):
            socket = ClientSocket(url, local_address=ATTACKER)
            try:
                await socket.open(connect=False)
                await flood(socket, "40", sent)
            finally:
                await socket.cut()
        await asyncio.sleep(TICK)


async def attack_with_token(url: str, guest: str, sent: list[int]) -> None:
    """One connection in a room that asks for the same again and again, and is opened again when it is closed."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, OSError, TimeoutError, Refused):
            socket = ClientSocket(url, local_address=ATTACKER, auth={"token": guest})
            try:
                await socket.open()
                await flood(socket, '420["getProducers",{}]', sent)
            finally:
                await socket.cut()
        await asyncio.sleep(TICK)


async def flood(socket: ClientSocket, frame: str, sent: list[int]) -> None:
    """Sends the frame at the rate until the connection is closed."""
    due = asyncio.get_running_loop().time()
    owed = 0.0
    while not socket.is_closed:
        owed += RATE * TICK
        while owed >= 1:
            await socket.send(frame)
            sent[0] += 1
            owed -= 1
        due += TICK
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


def attacker(url: str, guest: str | None, connections: int, stop: Event, report: Any) -> None:
    """The attacker's process, on the last core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    async def run() -> None:
        sent = [0]
        work = [
            asyncio.create_task(
                attack_without_token(url, sent) if guest is None else attack_with_token(url, guest, sent)
            )
            for _ in range(connections)
        ]
        began = time.monotonic()
        await asyncio.to_thread(stop.wait)
        report.value = sent[0] / (time.monotonic() - began)
        for task in work:
            task.cancel()
        await asyncio.wait(work)

    asyncio.run(run())


async def latencies(url: str, seconds: float) -> list[float]:
    """How long a well-behaved client waits for each acknowledgement, in seconds."""
    found = []
    member = Grants(rooms=("good",), join=True, publish=True, subscribe=True)
    async with Caller(url, auth={"token": token("alice", member)}) as alice:
        await alice.join("good")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            await alice.call("getProducers")
            found.append(time.monotonic() - began)
            await asyncio.sleep(PAUSE)
    return found


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[int(0.99 * (len(values) - 1))]


def measure(url: str, seconds: float) -> float:
    """The p99 of the client, in seconds."""
    return p99(asyncio.run(latencies(url, seconds)))


def under_attack(url: str, guest: str | None, seconds: float, connections: int) -> tuple[float, float]:
    """The p99 of the client in seconds, and how many messages a second the attacker sent."""
    context = multiprocessing.get_context("spawn")
    stop, rate = context.Event(), context.Value("d", 0.0)
    process = context.Process(target=attacker, args=(url, guest, connections, stop, rate))
    process.start()
    try:
        time.sleep(2)  # the attack is in full swing
        found = measure(url, seconds)
    finally:
        stop.set()
        process.join(20)
        process.kill()
    return found, rate.value


def main() -> int:
    """Prints the figures. Returns 1 when an attack delays the client by more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--connections", type=int, default=200)
    arguments = parser.parse_args()
    guest = token("guest", Grants(rooms=("guests",), join=True))
    with tempfile.TemporaryDirectory() as directory:
        keys = Path(directory) / "keys.json"
        keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
        environment = {"AUTH": "on", "ACCESS_KEYS": str(keys)}
        with Installation(Path(directory), environment=environment) as installation:
            os.sched_setaffinity(installation.signaling[0].pid, {min(os.sched_getaffinity(0))})
            url = installation.url
            print(f"alone: p99 {1_000 * measure(url, arguments.seconds):.1f} ms", flush=True)
            worst = 0.0
            for name, shown in (("without a token", None), ("with one guest token", guest)):
                found, rate = under_attack(url, shown, arguments.seconds, arguments.connections)
                worst = max(worst, found)
                print(
                    f"{arguments.connections} connections {name}, {rate:.0f} messages/s: p99 {1_000 * found:.1f} ms",
                    flush=True,
                )
    return 0 if worst <= MAX_P99 else 1


if __name__ == "__main__":
    sys.exit(main())
