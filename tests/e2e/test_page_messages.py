"""Error messages of the page, and its recovery."""

from e2e.calls import start_call
from support.browser import CallBrowser, chromium
from support.installation import PAGE_DIR, Installation
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
        await ann.wait_gone("Ben", timeout=40)  # when the grace period has ended

        await proxy.start()
        await ben.wait_status("In the call")
        await ben.wait_sees("Ann")
        await ann.wait_sees("Ben")
        assert await ben.page.locator(".new-version").count() == 0


async def test_upgrade_of_the_page_is_shown_in_a_call_and_reloads_after_it(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    async with TcpProxy(installation.layout.http_port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        ben = await browser.open_tab(url, call_id, "Ben", **SMALL)
        page = (PAGE_DIR / "index.html").read_text()
        newer = page.replace("</head>", "<!-- assets/newer.js --></head>")
        await ben.page.route(f"{url}/", lambda route: route.fulfill(body=newer, content_type="text/html"))
        await proxy.cut()
        await proxy.start()
        await ben.page.wait_for_selector(".new-version >> text=A new version is available")
        await ben.page.evaluate("globalThis.isOld = true")
        await ben.page.click(".brand")
        await ben.page.wait_for_function(
            "globalThis.isOld === undefined && document.querySelector('[data-action=start]')"
        )
        assert await ben.page.locator(".new-version").count() == 0


async def test_too_long_name_of_a_call_is_explained(installation: Installation, browser: CallBrowser) -> None:
    ann = await browser.open_page(f"{installation.url}/?room={'x' * 65}&name=Ann&join", "Ann")
    assert await ann.problem() == "This name is too long: a call has at most 64 characters."
