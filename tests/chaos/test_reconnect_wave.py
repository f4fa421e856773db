"""All clients lose their sockets at once: all are back soon, and no second wave follows."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from support.client_socket import ClientSocket, Refused
from support.eventually import wait_for_counts
from support.installation import ONE_ADDRESS, Installation

pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)

ROOM = 10
"""People in a room."""
AT_ONCE = 50
"""Joins at a time."""
WITHIN = 30.0
"""Seconds from the start of the new instances until everybody is back."""
ENVIRONMENT = {**ONE_ADDRESS, "MAX_CONNECTIONS_PER_ADDRESS": "10000"}
PAUSES = (0.3, 2.0)
"""The shortest and the longest pause of the SDKs before they connect again, in seconds."""


class Person:
    """Somebody without media, who resumes after a lost socket as the SDKs do."""

    def __init__(self, url: str, room: str, name: str) -> None:
        self._url = url
        self._room = room
        self._name = name
        self._token = ""
        self._task: asyncio.Task[None] | None = None
        self.lost = 0
        self.back_at = 0.0
        """Monotonic seconds."""

    async def join(self) -> None:
        """Joins, and stays until `leave`."""
        socket = ClientSocket(self._url)
        await socket.open()
        await socket.ask("createRoom", callId=self._room)
        join = {"callId": self._room, "userId": self._name, "rtpCapabilities": {}, "resumable": True}
        joined = await socket.ask("joinRoom", **join)
        self._token = joined["resumeToken"]
        self._task = asyncio.create_task(self._stay(socket))

    async def leave(self) -> None:
        """Closes the socket, without a departure. Raises what ended the stay."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            await self._task

    async def _stay(self, socket: ClientSocket) -> None:
        while True:
            try:
                await socket.wait_closed(within=3600)
            finally:
                await socket.close()
            self.lost += 1
            socket = await self._resume()
            self.back_at = time.monotonic()

    async def _resume(self) -> ClientSocket:
        """Raises Refused when the session cannot be resumed."""
        pause = PAUSES[0]
        while True:
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, PAUSES[1])
            socket = ClientSocket(self._url)
            try:
                await socket.open()
                resumed = await socket.call("resume", resumeToken=self._token, lastRevision=0)
            except (aiohttp.ClientError, OSError, TimeoutError):
                await socket.close()
            except Refused as refused:
                await socket.close()
                if not refused.retryable:
                    raise
            else:
                self._token = resumed["resumeToken"]
                return socket


@pytest.mark.parametrize(
    "people",
    [
        100,
        pytest.param(2_000, marks=[pytest.mark.long, pytest.mark.timeout(600)]),
    ],
)
async def test_all_are_back_after_both_instances_were_killed(tmp_path: Path, people: int) -> None:
    installation = Installation(tmp_path, signalings=2, reconnect_grace=2 * WITHIN, environment=ENVIRONMENT)
    with installation:
        async with AsyncExitStack() as stack:
            everybody = [
                Person(installation.urls[nth % 2], f"room {nth // ROOM}", f"person {nth}") for nth in range(people)
            ]
            for first in range(0, people, AT_ONCE):
                group = everybody[first : first + AT_ONCE]
                await asyncio.gather(*(one.join() for one in group))
                for one in group:
                    stack.push_async_callback(one.leave)
            counts = {"rooms": -(-people // ROOM), "peers": people}
            await wait_for_counts(installation, **counts)

            for signaling in installation.signaling:
                await asyncio.to_thread(signaling.kill)
            for signaling in installation.signaling:
                signaling.start()
            started = time.monotonic()
            async with asyncio.timeout(WITHIN):
                while any(one.back_at < started for one in everybody):
                    await asyncio.sleep(0.1)
            times = sorted(one.back_at - started for one in everybody)
            log.info(
                "%d people: half of them back after %.1f s, all after %.1f s", people, times[people // 2], times[-1]
            )
            for number in range(2):
                await wait_for_counts(installation, signaling=number, **counts)
            assert {one.lost for one in everybody} == {1}, "a second wave"
