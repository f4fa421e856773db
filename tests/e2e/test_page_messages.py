"""The page says what is wrong in words that help, and finds its way back."""

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser, chromium
from support.installation import Installation
from support.tcp_proxy import TcpProxy

SMALL = {"width": 320, "height": 180}


async def test_a_refused_camera_is_explained_and_the_call_goes_on(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    async with chromium(permission=False) as refusing:
        ben = await refusing.open_tab(installation.url, call_id, "Ben")
        problem = await ben.problem()
        assert "Camera: The browser was not allowed to use it." in problem
        assert "Microphone: The browser was not allowed to use it." in problem
        await ben.wait_sees("Ann")
        await ann.wait_present("Ben")


async def test_a_lost_connection_is_told_and_mended(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    async with TcpProxy(installation.layout.http_port) as proxy:
        ben = await browser.open_tab(f"http://127.0.0.1:{proxy.port}", call_id, "Ben", **SMALL)
        await ann.wait_sees("Ben")
        await proxy.cut()
        await ben.wait_status("The connection is lost. Trying again…")
        await ann.wait_gone("Ben", timeout=10)

        await proxy.start()
        await ben.wait_status("In the call", timeout=15)
        await ben.wait_sees("Ann")
        await ann.wait_sees("Ben")


async def test_a_refused_join_is_told(installation: Installation, browser: CallBrowser) -> None:
    with pytest.raises(RuntimeError, match="callId"):
        await browser.open_tab(installation.url, "x" * 1000, "Ann", **SMALL)
