"""Chromium with fake devices, and tabs with the page in a call."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from .media_stats import CallStats

logger = logging.getLogger("browser")

WAIT_TIMEOUT = 40.0
"""Seconds that a wait may take. A call that works needs a small part of it, also on a loaded machine."""

FAKE_DEVICES = "--use-fake-device-for-media-stream=fps={frame_rate},device-count={cameras}"
CAPTURE = "--auto-accept-this-tab-capture"
PERMISSION = ["--use-fake-ui-for-media-stream"]
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # Background tabs must work like visible ones.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]

# Installed before the page's scripts: the times of joinRoom and of each participant's first frame, and the longest time
# between two frames.
MARKS = """
globalThis.marks = { joinRoom: undefined, firstFrames: {}, longestGap: 0 };
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  if (typeof data === "string" && data.includes('["joinRoom"')) marks.joinRoom ??= performance.now();
  return send.call(this, data);
};
new MutationObserver(() => {
  for (const video of document.querySelectorAll(".hb-tile:not([data-own]) video:not([data-watched])")) {
    video.dataset.watched = "";
    const peer = video.closest(".hb-tile").dataset.participant;
    let last;
    const shown = (now) => {
      marks.firstFrames[peer] ??= now;
      if (last !== undefined) marks.longestGap = Math.max(marks.longestGap, now - last);
      last = now;
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  }
}).observe(document, { childList: true, subtree: true });
"""

_SELECTED = """async () => {
  const { send, recv } = await hubbub.stats();
  const remotes = [];
  for (const reports of [send, recv]) {
    const byId = new Map(reports.map((report) => [report.id, report]));
    for (const { type, selectedCandidatePairId } of reports) {
      const pair = type === "transport" && byId.get(selectedCandidatePairId);
      if (pair) remotes.push(byId.get(pair.remoteCandidateId));
    }
  }
  return remotes.map(({ protocol, address }) => [protocol, address]);
}"""

_STATS = """async () => {
  const { send, recv } = await hubbub.stats();
  const owners = {};
  for (const { name, publications } of hubbub.call.participants.values()) {
    for (const { track } of publications.values()) if (track) owners[track.id] = name;
  }
  return { send, recv, owners };
}"""


class Tab:
    """A tab with the page, in its own browser context."""

    def __init__(self, context: BrowserContext, page: Page, name: str) -> None:
        self.context = context
        self.page = page
        self.name = name

    async def stats(self) -> CallStats:
        """The statistics of its transports."""
        raw = await self.page.evaluate(_STATS)
        return CallStats.of(raw["send"], raw["recv"], raw["owners"])

    async def selected_remotes(self) -> list[tuple[str, str]]:
        """The remote protocol and address of the selected pair of each connected transport."""
        return [(protocol, address) for protocol, address in await self.page.evaluate(_SELECTED)]

    async def wait_joined(self, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the page is in the call. `timeout` is in seconds, as in all methods.

        Raises RuntimeError with the page's message when it cannot join.
        """
        await self.page.wait_for_selector("[data-state=connected], [data-state=ended]", timeout=timeout * 1000)
        if await self.page.locator("[data-state=ended]").count():
            raise RuntimeError(f"{self.name} cannot join: {await self.problem()}")

    async def wait_sees(self, name: str, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the participant's video is shown."""
        await self._wait(
            "(name) => { const v = tileOf(name)?.querySelector('video'); return v?.videoWidth > 0; }", name, timeout
        )

    async def wait_receives(self, names: Iterable[str], timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until video and audio of all these participants are in the statistics. Raises TimeoutError."""
        wanted = set(names)
        async with asyncio.timeout(timeout):
            while not wanted <= (now := await self.stats()).video_from.keys() & now.audio_from.keys():
                await asyncio.sleep(0.1)

    async def wait_first_picture(self, timeout: float = WAIT_TIMEOUT) -> float:
        """Seconds from sending `joinRoom` to the first frame of another participant."""
        await self.page.wait_for_function("Object.keys(marks.firstFrames).length > 0", timeout=timeout * 1000)
        waited: float = await self.page.evaluate("Math.min(...Object.values(marks.firstFrames)) - marks.joinRoom")
        return waited / 1000

    async def longest_gap(self) -> float:
        """The longest time between two frames of a participant since the last call, in seconds."""
        gap: float = await self.page.evaluate("[marks.longestGap, marks.longestGap = 0][0]")
        return gap / 1000

    async def wait_present(self, name: str, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the participant is shown, with or without video."""
        await self._wait("(name) => tileOf(name) !== undefined", name, timeout)

    async def wait_gone(self, name: str, timeout: float) -> None:
        """Waits until the participant is not shown."""
        await self._wait("(name) => !tileOf(name)", name, timeout)

    async def wait_muted(self, name: str, muted: bool, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the participant is shown as muted or not muted."""
        expression = "([name, muted]) => tileOf(name)?.dataset.microphone === (muted ? 'off' : 'on')"
        await self._wait(expression, [name, muted], timeout)

    async def wait_camera_off(self, name: str, off: bool, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the participant's camera is shown as off or on."""
        expression = "([name, off]) => tileOf(name)?.dataset.camera === (off ? 'off' : 'on')"
        await self._wait(expression, [name, off], timeout)

    async def wait_shares(self, name: str, shares: bool, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the participant's screen is shown or not shown."""
        expression = """([name, shares]) => {
          const tile = [...document.querySelectorAll('.hb-tile[data-source=screen]')]
            .find((tile) => tile.querySelector('.hb-name').textContent === name);
          return shares ? tile?.querySelector('video').videoWidth > 0 : !tile;
        }"""
        await self._wait(expression, [name, shares], timeout)

    async def press(self, button: str) -> None:
        """Clicks a button by its `data-action`: `leave`, `microphone`, `camera`, `screen`, ..."""
        await self.page.click(f"[data-action={button}]")

    async def wait_status(self, text: str, timeout: float = WAIT_TIMEOUT) -> None:
        """Waits until the page shows this status."""
        expression = "(text) => document.querySelector('.hb-status')?.textContent === text"
        await self._wait(expression, text, timeout)

    async def problem(self) -> str:
        """The text of the page's alert, once there is one."""
        return await self.page.inner_text("[role=alert]", timeout=WAIT_TIMEOUT * 1000)

    async def close(self) -> None:
        """Closes the tab as a user does: the page's unload handlers run."""
        await self.page.close(run_before_unload=True)

    async def _wait(self, expression: str, argument: Any, timeout: float) -> None:
        lookup = (
            "const tileOf = (name) => [...document.querySelectorAll('.hb-tile[data-source=camera]:not([data-own])')]"
            ".find((tile) => tile.querySelector('.hb-name').textContent === name);"
        )
        function = f"(argument) => {{ {lookup} return ({expression})(argument); }}"
        await self.page.wait_for_function(function, arg=argument, timeout=timeout * 1000, polling=20)


class CallBrowser:
    """A running Chromium."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @property
    def connected(self) -> bool:
        """Whether the browser runs."""
        return self._browser.is_connected()

    async def close_tabs(self) -> None:
        """Closes all tabs with their contexts, unless the browser has crashed."""
        if self.connected:
            await asyncio.gather(*(context.close() for context in self._browser.contexts))

    async def open_tab(self, url: str, room: str, name: str, *, token: str | int = "", **parameters: str | int) -> Tab:
        """Opens the page and joins the call. `parameters` go into its query: `width=640, height=360, codec="VP9"`.

        `token`: the access token of its fragment.
        """
        query = urlencode({"room": room, "name": name, "join": "", **parameters})
        tab = await self.open_page(f"{url}/?{query}" + (f"#token={token}" if token else ""), name)
        await tab.wait_joined()
        return tab

    async def open_page(self, address: str, name: str, *, script: str = MARKS, **options: Any) -> Tab:
        """Opens a page in a new context. `script` runs before the page's scripts.

        `options` are arguments of Playwright's `new_context`.
        """
        # `wait_for_function` evaluates strings in the page, which its Content Security Policy forbids.
        defaults = {"viewport": {"width": 1280, "height": 800}, "bypass_csp": True}
        context = await self._browser.new_context(**{**defaults, **options})
        await context.add_init_script(script)
        page = await context.new_page()
        page.on("console", lambda message: _log_console(name, message))
        page.on("pageerror", lambda error: logger.error("%s: %s", name, error))
        await page.goto(address)
        return Tab(context, page, name)

    async def kill(self, kind: str = "browser") -> None:
        """Kills the processes of this kind, as a crash would: `renderer`, or `browser`, which ends all others."""
        session = await self._browser.new_browser_cdp_session()
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        for process in processes:
            if process["type"] == kind:
                os.kill(process["id"], signal.SIGKILL)


@asynccontextmanager
async def chromium(
    *,
    permission: bool = True,
    cameras: int = 1,
    frame_rate: int = 30,
    trusted_key: str | None = None,
    capturable: bool = False,
    arguments: Sequence[str] = (),
) -> AsyncIterator[CallBrowser]:
    """Starts $CHROMIUM, or /usr/bin/chromium, with an empty profile.

    Without `permission` it denies access to the devices. If it is `capturable`, it has none, and a page may capture
    what its tab plays. `frame_rate` is that of the cameras, per second. `trusted_key`
    is the base64 SHA-256 of a public key whose certificate it accepts without an authority. `arguments` are further
    command-line arguments.
    """
    trust = [] if trusted_key is None else [f"--ignore-certificate-errors-spki-list={trusted_key}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
            args=[
                *_ARGUMENTS,
                *([CAPTURE] if capturable else [FAKE_DEVICES.format(cameras=cameras, frame_rate=frame_rate)]),
                *(PERMISSION if permission and not capturable else []),
                *trust,
                *arguments,
            ],
            ignore_default_args=["--mute-audio"] if capturable else [],
        )
        try:
            yield CallBrowser(browser)
        finally:
            await browser.close()


async def all_stats(tabs: list[Tab]) -> dict[str, CallStats]:
    """The statistics of all tabs at nearly the same time, by name."""
    return dict(zip([tab.name for tab in tabs], await asyncio.gather(*(tab.stats() for tab in tabs)), strict=True))


def _log_console(name: str, message: ConsoleMessage) -> None:
    level = logging.WARNING if message.type in {"error", "warning"} else logging.INFO
    logger.log(level, "%s: %s", name, message.text)
