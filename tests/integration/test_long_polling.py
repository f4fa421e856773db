"""Clients that only use HTTP long polling, well-behaved and hostile."""

from __future__ import annotations

import asyncio
import io
import json
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

from support.caller import Caller, rtp_capabilities
from support.installation import Installation

SEPARATOR = "\x1e"
MAX_BODY = 4 * 1024 * 1024


class PollingClient:
    """One client's Socket.IO session over HTTP."""

    def __init__(self, url: str) -> None:
        self._address = f"{url}/socket.io/?EIO=4&transport=polling"
        self._http = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        """Opens the session."""
        async with self._http.get(self._address) as answer:
            self._address += f"&sid={json.loads((await answer.text())[1:])['sid']}"
        assert await self.post("40") == 200
        await self.poll()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drops the session without closing it."""
        await self._http.close()

    async def post(self, body: Any) -> int:
        """Sends packets. Returns the status."""
        async with self._http.post(self._address, data=body) as answer:
            return answer.status

    async def poll(self) -> list[str]:
        """Waits for packets."""
        async with self._http.get(self._address) as answer:
            return (await answer.text()).split(SEPARATOR)

    async def join(self, call_id: str) -> None:
        """Joins the room as "poller"."""
        payload = {"callId": call_id, "userId": "poller", "rtpCapabilities": rtp_capabilities()}
        assert await self.post(f"420{json.dumps(['joinRoom', payload])}") == 200
        assert "peerId" in (await self.poll())[0]


async def test_several_requests_in_one_post_are_answered_in_order(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice, PollingClient(installation.url) as poller:
        await alice.join(call_id)
        await poller.join(call_id)
        assert await poller.post(SEPARATOR.join(f'42{number}["getProducers",{{}}]' for number in range(1, 6))) == 200
        answers: list[str] = []
        while len(answers) < 5:
            answers += [packet for packet in await poller.poll() if packet.startswith("43")]
        assert [answer[2] for answer in answers] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "",
        "0{}",
        "9",
        "4",
        "40",
        f"40{SEPARATOR}40",
        "43[]",
        SEPARATOR * 3,
        SEPARATOR.join(["3"] * 17),
        "bAAAA",
        "b!!!!",
        "d=%22hello%22",
        b"\xff\xfe4",
        b"4" * (MAX_BODY + 1),
        f'423["getProducers",{{}}]{SEPARATOR}zzz',
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_garbage_ends_its_connection_only(installation: Installation, call_id: str, body: str | bytes) -> None:
    lines_before = signaling_log(installation)
    async with Caller(installation.url) as alice, PollingClient(installation.url) as poller:
        await alice.join(call_id)
        await poller.join(call_id)
        async with asyncio.timeout(30):
            assert await poller.post(io.BytesIO(body) if isinstance(body, bytes) else body) == 400
        await alice.event("peerLeft", userId="poller", reason="disconnected")
        assert await poller.post("3") == 400
        assert await alice.request("getProducers") == {"producers": []}
    lines = signaling_log(installation)[len(lines_before) :]
    assert len([line for line in lines if "garbage" in line]) == 1
    assert not any("Traceback" in line for line in lines)


async def test_second_post_of_a_session_is_refused_while_the_first_is_read(
    installation: Installation, call_id: str
) -> None:
    async with PollingClient(installation.url) as poller:
        half_sent = asyncio.Event()
        go_on = asyncio.Event()

        async def slow_body() -> Any:
            yield b'421["createRoom"'
            half_sent.set()
            await go_on.wait()
            yield b',{"callId":"' + call_id.encode() + b'"}]'

        first = asyncio.create_task(poller.post(slow_body()))
        await half_sent.wait()
        async with asyncio.timeout(20):
            while await poller.post("3") != 400:
                await asyncio.sleep(0.02)
        go_on.set()
        assert await first == 200
        assert (await poller.poll())[0].startswith("431[")


def signaling_log(installation: Installation) -> list[str]:
    """The lines that signaling has written."""
    return installation.signaling[0].log_tail(100_000).splitlines()
