"""The page says what is wrong in words that help, and finds its way back."""

from e2e.calls import gather_call
from support.browser import CallBrowser, chromium
from support.installation import Installation

SMALL = {"width": 320, "height": 180}


async def test_a_refused_camera_is_explained_and_the_call_goes_on(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ann] = await gather_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    async with chromium(permission=False) as refusing:
        ben = await refusing.open_tab(installation.url, call_id, "Ben")
        problem = await ben.problem()
        assert "Camera: The browser was not allowed to use it." in problem
        assert "Microphone: The browser was not allowed to use it." in problem
        await ben.wait_sees("Ann")
        await ann.wait_present("Ben")


async def test_a_lost_connection_is_told_and_mended(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await gather_call(browser, fresh_installation.url, call_id, ["Ann", "Ben"], **SMALL)
    fresh_installation.signaling[0].kill()
    await ann.wait_status("The connection is lost. Trying again…")

    fresh_installation.signaling[0].start()
    for tab, other in ((ann, "Ben"), (ben, "Ann")):
        await tab.wait_status("In the call", timeout=15)
        await tab.wait_sees(other)
