"""Users who ring each other, and an application's server that is told of it: the calls and webhooks services work."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp

from hubbub_contracts import HubbubError, Model, subjects
from hubbub_contracts.base import CallsRequest
from hubbub_contracts.bus.call import EndCall, StartCall

from .bus_client import ANSWER_TIMEOUT, BusClient
from .installation import Installation
from .webhook_receiver import WebhookReceiver, Webhooks

ReplyT = TypeVar("ReplyT", bound=Model)
POLL = 0.1


class ToldCalls:
    """Starts calls, and has a receiver of webhooks."""

    def __init__(self, client: BusClient, receiver: WebhookReceiver) -> None:
        self._client = client
        self._receiver = receiver

    async def require_told(self, within: float) -> None:
        """Requires within this time, seconds, that a call can be started and ended, and that each is told once."""
        deadline = time.monotonic() + within
        caller, callee = secrets.token_hex(8), secrets.token_hex(8)
        started = await self._ask(StartCall(caller_id=caller, caller_name="A", participants=[callee]), deadline)
        call_id = started.call.call_id
        await self._ask(EndCall(call_id=call_id), deadline)
        while (told := self._told(call_id))[-1:] != ["call.ended"]:
            assert time.monotonic() < deadline, f"after {within:g} s the webhooks of a call are {told}"
            await asyncio.sleep(POLL)
        assert told == ["call.started", "call.ended"]

    async def _ask(self, message: CallsRequest[ReplyT], deadline: float) -> ReplyT:
        """Repeats a request while its refusal is retryable. Raises HubbubError."""
        while True:
            try:
                return await self._client.bus.request(subjects.calls(message.verb), message, timeout=ANSWER_TIMEOUT)
            except HubbubError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(POLL)

    def _told(self, call_id: str) -> list[str]:
        return [str(event["type"]) for event in self._receiver.of_room(call_id)]


@asynccontextmanager
async def told_calls(installation: Installation, client: BusClient) -> AsyncIterator[ToldCalls]:
    """A receiver that the installation posts to; its webhooks service must allow loopback addresses."""
    async with aiohttp.ClientSession() as http, WebhookReceiver() as receiver:
        await Webhooks(installation, http).add(receiver)
        yield ToldCalls(client, receiver)
