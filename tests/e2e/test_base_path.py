"""A proxy serves Hubbub below a path and keeps the root for another application."""

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser
from support.http_proxy import HttpProxy
from support.installation import Installation


async def test_page_calls_through_a_proxy_that_removes_the_prefix(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    async with HttpProxy(installation.url, prefix="/call") as proxy:
        await start_call(browser, proxy.url, call_id, ["Ann", "Ben"], width=320, height=180)


@pytest.mark.parametrize("fresh_installation", [{"environment": {"BASE_PATH": "/call"}}], indirect=True)
async def test_page_calls_through_a_proxy_that_passes_the_prefix_on(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    async with HttpProxy(fresh_installation.url, prefix="/call", strip=False) as proxy:
        await start_call(browser, proxy.url, call_id, ["Ann", "Ben"], width=320, height=180)
