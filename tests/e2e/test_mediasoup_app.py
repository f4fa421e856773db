"""An application without the SDK is in a call with the page."""

import pytest

from e2e.calls import start_call
from support.browser import WAIT_TIMEOUT, CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import Installation


@pytest.mark.sample
async def test_application_without_the_sdk_calls_the_page(
    installation: Installation, browser: CallBrowser, mediasoup_app: CrossOriginPage, call_id: str
) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], user="Ann", width=320, height=180)
    ben = await browser.open_page(mediasoup_app.address(installation.url, call_id, "ben"), "ben")
    await ann.wait_sees("ben")
    await ben.page.wait_for_function("frames('Ann') > 10", timeout=WAIT_TIMEOUT * 1000)

    # Two instances of the application see each other, too.
    cem = await browser.open_page(mediasoup_app.address(installation.url, call_id, "cem"), "cem")
    await ben.page.wait_for_function("frames('cem') > 10", timeout=WAIT_TIMEOUT * 1000)
    await cem.page.wait_for_function("frames('ben') > 10 && frames('Ann') > 10", timeout=WAIT_TIMEOUT * 1000)

    await ben.page.evaluate("leave()")
    await ann.wait_gone("ben", timeout=WAIT_TIMEOUT)
    await cem.page.wait_for_function("frames('ben') === undefined", timeout=WAIT_TIMEOUT * 1000)
    await cem.page.close()
    await ann.wait_gone("cem", timeout=WAIT_TIMEOUT)
