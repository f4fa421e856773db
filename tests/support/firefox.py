"""Firefox with fake devices, controlled over WebDriver BiDi (https://w3c.github.io/webdriver-bidi).

Playwright supports only its own build of Firefox; this is the released one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PATH = Path(os.environ.get("FIREFOX") or "/usr/bin/firefox-esr")
START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 30.0

_PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")


class BidiError(Exception):
    """A command failed, or a script threw."""


class FirefoxTab:
    """One Firefox tab."""

    def __init__(self, session: _Session, context: str) -> None:
        self._session = session
        self._context = context

    async def open(self, address: str) -> None:
        """Navigates and waits until the page is loaded."""
        await self._session.call("browsingContext.navigate", context=self._context, url=address, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which must be JSON. Promises are awaited."""
        answer = await self._session.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise BidiError(answer["exceptionDetails"]["text"])
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    async def wait_for(self, expression: str, timeout: float = 40.0) -> None:
        """Waits until the expression is true. Raises TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while not await self.evaluate(f"Boolean({expression})"):
                await asyncio.sleep(0.1)


class _Session:
    """Commands and their results over one WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends a command and returns its result, one at a time. Raises BidiError."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(ANSWER_TIMEOUT):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == number:
                    break
        if answer["type"] == "error":
            raise BidiError(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[FirefoxTab]:
    """Starts Firefox with an empty profile in this directory and yields its tab."""
    await asyncio.to_thread(_make_profile, profile)
    process = await asyncio.create_subprocess_exec(
        str(PATH),
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        "--remote-debugging-port=0",
        env={**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    reading: asyncio.Task[None] | None = None
    try:
        address = await _address(process.stderr)
        reading = asyncio.create_task(_discard(process.stderr))
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{address}/session", max_msg_size=0) as socket:
            session = _Session(socket)
            await session.call("session.new", capabilities={})
            [context, *_] = (await session.call("browsingContext.getTree"))["contexts"]
            yield FirefoxTab(session, context["context"])
    finally:
        if process.returncode is None:
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        if reading is not None:
            await reading


def _make_profile(profile: Path) -> None:
    profile.mkdir(parents=True, exist_ok=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))


async def _address(stream: asyncio.StreamReader) -> str:
    async with asyncio.timeout(START_TIMEOUT):
        while line := await stream.readline():
            if found := _LISTENING.search(line):
                return found[1].decode()
    raise BidiError("Firefox exited before it listened for WebDriver BiDi")


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
