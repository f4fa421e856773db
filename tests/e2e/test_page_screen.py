"""Screen sharing: the shared screen is in focus for all participants until it ends."""

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation

SMALL = {"width": 320, "height": 180}


async def test_shared_screen_is_in_focus_for_others(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben, cem = await start_call(browser, installation.url, call_id, ["Ann", "Ben", "Cem"], **SMALL)
    await ann.press("screen")
    for other in (ben, cem):
        await other.wait_shares("Ann", True)
        # The screen is in focus, and Ann's camera is still shown.
        await other.page.wait_for_selector("[data-layout=focus] [data-focus] [data-source=screen]")
        await other.wait_sees("Ann")

    # A late participant sees it, too.
    dan = await browser.open_tab(installation.url, call_id, "Dan", **SMALL)
    await dan.wait_shares("Ann", True)

    await ann.page.get_by_role("button", name="Stop sharing").click()
    for other in (ben, cem, dan):
        await other.wait_shares("Ann", False)
        await other.page.wait_for_selector("[data-layout=grid]")


async def test_share_ended_by_the_browser_ends_for_others(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ann.press("screen")
    await ben.wait_shares("Ann", True)
    # As the browser's own "Stop sharing" does: it ends the track and fires its event.
    await ann.page.evaluate(
        """() => {
          const { track } = hubbub.call.local.publications.get("screen");
          track.stop();
          track.dispatchEvent(new Event("ended"));
        }"""
    )
    await ben.wait_shares("Ann", False)
    await ann.page.wait_for_selector("[data-action=screen][aria-pressed=false]")
