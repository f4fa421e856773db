"""A muted microphone and a disabled camera are shown to the others, and stop the media."""

import asyncio

from e2e.calls import Window, start_call, wait_frames
from support.browser import CallBrowser
from support.installation import Installation


async def test_mute_is_shown_to_others(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await ben.press("microphone")
    await ann.wait_muted("Ben", True)
    await ben.press("microphone")
    await ann.wait_muted("Ben", False)


async def test_disabled_camera_sends_nothing_until_enabled(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await ben.press("camera")
    await ann.wait_camera_off("Ben", True)
    async with asyncio.timeout(5):
        # Ann may decode buffered frames first.
        while (await Window.measure([ann, ben], 1)).decoded("Ann", "Ben") > 0:
            pass

    await ben.press("camera")
    await ann.wait_camera_off("Ben", False)
    await wait_frames(ann, "Ben")


async def test_late_participant_sees_who_is_muted(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ben] = await start_call(browser, installation.url, call_id, ["Ben"], width=320, height=180)
    await ben.press("microphone")
    ann = await browser.open_tab(installation.url, call_id, "Ann", width=320, height=180)
    await ann.wait_muted("Ben", True)
