"""A tab with the example application of the SDK, and what its `Call` says."""

from __future__ import annotations

import asyncio
from typing import Any

from .browser import CallBrowser, Tab

# What the call went through, and which objects there were: noted from its beginning.
_NOTES = """
globalThis.notes = { causes: [], reconnected: 0, left: 0 };
globalThis.watched = new Promise((resolve) => {
  let call;
  Object.defineProperty(globalThis, "call", { get: () => call, set: (value) => resolve((call = value)) });
});
watched.then((call) => {
  call.on("reconnecting", (cause) => notes.causes.push(cause));
  call.on("reconnected", () => (notes.reconnected += 1));
  call.on("participantLeft", () => (notes.left += 1));
});
"""

_FRAMES = (
    "[...document.querySelectorAll('video')].map((v) => [v.dataset.of, v.getVideoPlaybackQuality().totalVideoFrames])"
)


class SdkTab:
    """`name` in the call, with camera and microphone."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    @classmethod
    async def open(cls, browser: CallBrowser, address: str, name: str) -> SdkTab:
        """Returns once it is in the call and sends."""
        tab = await browser.open_page(address, name, script=_NOTES)
        await tab.page.wait_for_function("globalThis.call?.local.publications.size === 2", timeout=20_000)
        return cls(tab)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; `call` is the call, `notes` what it went through."""
        return await self._tab.page.evaluate(expression)

    async def wait(self, expression: str, timeout: float = 15.0) -> None:
        """Returns once the expression is true. Raises playwright's TimeoutError."""
        await self._tab.page.wait_for_function(expression, timeout=timeout * 1000, polling=50)

    async def frames(self, name: str) -> int:
        """Pictures of this person that were shown so far, in the video element of now."""
        shown: dict[str, int] = dict(await self.evaluate(_FRAMES))
        return shown.get(name, 0)

    async def wait_frames(self, name: str, more: int = 20, timeout: float = 20.0) -> None:
        """Returns once so many more pictures of this person were shown. Raises TimeoutError."""
        before = await self.frames(name)
        async with asyncio.timeout(timeout):
            while await self.frames(name) < before + more:
                await asyncio.sleep(0.1)
