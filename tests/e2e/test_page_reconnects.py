"""What is lost for five seconds comes back by itself: nobody touches anything, and nobody is seen to leave."""

import asyncio
from pathlib import Path

from e2e.calls import start_call
from support.browser import CallBrowser, Tab
from support.installation import Installation
from support.tcp_proxy import TcpProxy
from support.udp_relay import ENVIRONMENT, UdpRelay

SMALL = {"width": 320, "height": 180}
CUT = 5.0

_LEFT = """() => {
  globalThis.left = 0;
  hubbub.call.on("participantLeft", () => { left += 1; });
}"""


async def moves(tab: Tab, name: str, timeout: float = 20.0) -> None:
    """Returns once this many more frames of this person were decoded than until now."""
    seen = (await tab.stats()).video_from[name].frames
    async with asyncio.timeout(timeout):
        while (await tab.stats()).video_from[name].frames < seen + 10:
            await asyncio.sleep(0.2)


async def test_a_socket_that_is_cut(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    async with TcpProxy(installation.layout.http_port) as proxy:
        [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
        ben = await browser.open_tab(f"http://127.0.0.1:{proxy.port}", call_id, "Ben", **SMALL)
        await asyncio.gather(ann.wait_sees("Ben"), ben.wait_sees("Ann"))
        await ann.page.evaluate(_LEFT)
        # Less than the fixture's grace, so that Ben is still expected.
        await proxy.cut()
        await ben.wait_status("The connection is lost. Trying again…")
        await moves(ben, "Ann")
        await proxy.start()
        await ben.wait_status("In the call", timeout=20)
        assert await ann.page.evaluate("left") == 0
        await ben.press("microphone")
        await ann.wait_muted("Ben", True)
        await asyncio.gather(moves(ann, "Ben"), moves(ben, "Ann"))


async def test_a_way_of_the_media_that_is_cut(tmp_path: Path, browser: CallBrowser, call_id: str) -> None:
    with Installation(tmp_path / "installation", environment=ENVIRONMENT) as installation:
        async with UdpRelay(installation.layout.rtc_min_port) as relay:
            tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
            ann, ben = tabs
            for tab in tabs:
                await tab.page.evaluate(_LEFT)
            relay.is_cut = True
            # Chromium takes a way for lost after some seconds without an answer.
            await asyncio.gather(*(tab.page.wait_for_selector("[data-state=reconnecting]") for tab in tabs))
            await asyncio.sleep(CUT / 2)
            relay.is_cut = False
            await asyncio.gather(*(tab.wait_status("In the call", timeout=30) for tab in tabs))
            await asyncio.gather(moves(ann, "Ben"), moves(ben, "Ann"))
            for tab in tabs:
                assert await tab.page.evaluate("left") == 0
