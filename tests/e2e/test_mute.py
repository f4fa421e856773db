"""A muted microphone and a camera that is off show at the others, and stop the media."""

import asyncio

from e2e.calls import Window, start_call
from support.browser import CallBrowser
from support.installation import Installation


async def test_mute_shows_at_the_others(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await ben.press("microphone")
    await ann.wait_muted("Ben", True)
    await ben.press("microphone")
    await ann.wait_muted("Ben", False)


async def test_a_camera_that_is_off_sends_nothing_until_it_is_on_again(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await ben.press("camera")
    await ann.wait_camera_off("Ben", True)
    await asyncio.sleep(0.5)
    window = await Window.measure([ann, ben], 1)
    assert window.decoded("Ann", "Ben") == 0

    await ben.press("camera")
    await ann.wait_camera_off("Ben", False)
    await asyncio.sleep(1)
    window = await Window.measure([ann, ben], 1)
    assert window.decoded("Ann", "Ben") > 5


async def test_who_joins_later_sees_who_is_muted(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ben] = await start_call(browser, installation.url, call_id, ["Ben"], width=320, height=180)
    await ben.press("microphone")
    ann = await browser.open_tab(installation.url, call_id, "Ann", width=320, height=180)
    await ann.wait_muted("Ben", True)
