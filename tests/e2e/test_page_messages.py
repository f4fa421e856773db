"""Error messages of the page, and its recovery."""

from e2e.calls import start_call
from support.browser import CallBrowser, chromium
from support.installation import Installation
from support.tcp_proxy import TcpProxy

SMALL = {"width": 320, "height": 180}


async def test_denied_camera_is_explained_and_the_call_continues(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    async with chromium(permission=False) as denying:
        ben = await denying.open_tab(installation.url, call_id, "Ben")
        problem = await ben.problem()
        assert "Camera: The browser was not allowed to use it." in problem
        assert "Microphone: The browser was not allowed to use it." in problem
        await ben.wait_sees("Ann")
        await ann.wait_present("Ben")


async def test_lost_connection_is_shown_and_restored(
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


async def test_too_long_name_of_a_call_is_explained(installation: Installation, browser: CallBrowser) -> None:
    ann = await browser.open_page(f"{installation.url}/?room={'x' * 65}&name=Ann&join", "Ann")
    assert await ann.problem() == "This name is too long: a call has at most 64 characters."
