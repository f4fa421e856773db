"""The page recovers from lost connections without user action, and no participant leaves."""

import asyncio

from e2e.calls import start_call, wait_frames
from support.browser import CallBrowser
from support.installation import Installation
from support.tcp_proxy import TcpProxy
from support.udp_relay import UdpRelay

SMALL = {"width": 320, "height": 180}

_LEFT = """() => {
  globalThis.left = 0;
  hubbub.call.on("participantLeft", () => { left += 1; });
}"""


async def test_dropped_socket_is_resumed(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    async with TcpProxy(installation.layout.http_port) as proxy:
        [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
        ben = await browser.open_tab(f"http://127.0.0.1:{proxy.port}", call_id, "Ben", **SMALL)
        await asyncio.gather(ann.wait_sees("Ben"), ben.wait_sees("Ann"))
        await ann.page.evaluate(_LEFT)
        # Shorter than the fixture's grace period, so that the session is resumed.
        await proxy.cut()
        await ben.wait_status("The connection is lost. Trying again…")
        await wait_frames(ben, "Ann")
        await proxy.start()
        await ben.wait_status("In the call")
        assert await ann.page.evaluate("left") == 0
        await ben.press("microphone")
        await ann.wait_muted("Ben", True)
        await asyncio.gather(wait_frames(ann, "Ben"), wait_frames(ben, "Ann"))


async def test_media_path_recovers_after_an_outage(
    relayed_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    async with UdpRelay(relayed_installation.layout.rtc_min_port) as relay:
        tabs = await start_call(browser, relayed_installation.url, call_id, ["Ann", "Ben"], **SMALL)
        ann, ben = tabs
        for tab in tabs:
            await tab.page.evaluate(_LEFT)
        relay.is_cut = True
        # Chromium reports a disconnected path after some seconds.
        await asyncio.gather(*(tab.page.wait_for_selector("[data-state=reconnecting]") for tab in tabs))
        # The node reports it to the others after 8 s.
        others = ".hb-tile:not([data-own]) .hb-tile-lost"
        await asyncio.gather(*(tab.page.wait_for_selector(others, timeout=40_000) for tab in tabs))
        relay.is_cut = False
        await asyncio.gather(*(tab.wait_status("In the call") for tab in tabs))
        await asyncio.gather(*(tab.page.wait_for_selector(others, state="detached") for tab in tabs))
        await asyncio.gather(wait_frames(ann, "Ben"), wait_frames(ben, "Ann"))
        for tab in tabs:
            assert await tab.page.evaluate("left") == 0
