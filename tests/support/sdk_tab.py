"""A tab with the SDK's example application, and the state of its `Call`."""

from __future__ import annotations

import asyncio
from typing import Any

from .browser import WAIT_TIMEOUT, CallBrowser, Tab

# Records the call's events from its start.
_EVENTS = """
globalThis.seen = { causes: [], reconnected: 0, left: 0 };
globalThis.started = new Promise((resolve) => {
  let call;
  Object.defineProperty(globalThis, "call", { get: () => call, set: (value) => resolve((call = value)) });
});
started.then((call) => {
  call.on("reconnecting", (cause) => seen.causes.push(cause));
  call.on("reconnected", () => (seen.reconnected += 1));
  call.on("participantLeft", () => (seen.left += 1));
});
"""

_FRAMES = (
    "[...document.querySelectorAll('video')].map((v) => [v.dataset.of, v.getVideoPlaybackQuality().totalVideoFrames])"
)


class SdkTab:
    """A participant with camera and microphone."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    @classmethod
    async def open(cls, browser: CallBrowser, address: str, name: str) -> SdkTab:
        """Opens the application and waits until it is in the call and sends both tracks."""
        tab = await browser.open_page(address, name, script=_EVENTS)
        await tab.page.wait_for_function("globalThis.call?.local.publications.size === 2", timeout=WAIT_TIMEOUT * 1000)
        return cls(tab)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression. `call` is the SDK's call, `seen` its events."""
        return await self._tab.page.evaluate(expression)

    async def wait(self, expression: str, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the expression is true. Raises Playwright's TimeoutError."""
        await self._tab.page.wait_for_function(expression, timeout=timeout * 1000, polling=50)

    async def frames(self, name: str) -> int:
        """The number of frames that the participant's current video element has shown."""
        shown: dict[str, int] = dict(await self.evaluate(_FRAMES))
        return shown.get(name, 0)

    async def wait_frames(self, name: str, more: int = 20, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until this many more frames of the participant are shown. Raises TimeoutError."""
        shown, last = 0, await self.frames(name)
        async with asyncio.timeout(timeout):
            while shown < more:
                await asyncio.sleep(0.1)
                now = await self.frames(name)
                # A new video element counts from zero.
                shown, last = shown + (now - last if now >= last else now), now
