"""A muted microphone and a disabled camera are shown to the others, and stop the media. They are no lost connection."""

import asyncio
import time

from e2e.calls import Window, start_call, wait_frames
from support.browser import CallBrowser
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
STILL = 11
"""Seconds. After 8 s without a packet of a client, its node reports the connection as lost."""

# A slide: it moves until it is shown, then stands still.
_SHARE_STILL_PICTURE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const picture = canvas.getContext("2d");
  let frame = 0;
  globalThis.moving = setInterval(() => picture.fillText(`slide ${++frame}`, 20, 20 + frame), 100);
  await hubbub.call.local.publish(canvas.captureStream().getVideoTracks()[0], "screen");
}"""


async def test_people_who_send_nothing_are_not_shown_as_lost(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    tabs = ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    for tab in tabs:
        await tab.press("camera")
        await tab.press("microphone")
    await ann.page.evaluate(_SHARE_STILL_PICTURE)
    await ben.wait_shares("Ann", True)
    await ann.page.evaluate("clearInterval(moving)")
    still_since = time.monotonic()
    while time.monotonic() - still_since < STILL:
        for tab in tabs:
            assert await tab.page.locator(".hb-tile-lost").count() == 0
        await asyncio.sleep(0.5)


async def test_mute_is_shown_to_others(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.press("microphone")
    await ann.wait_muted("Ben", True)
    await ben.press("microphone")
    await ann.wait_muted("Ben", False)


async def test_disabled_camera_sends_nothing_until_enabled(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.press("camera")
    await ann.wait_camera_off("Ben", True)
    async with asyncio.timeout(15):
        # Ann may decode buffered frames first.
        while (await Window.measure([ann, ben], 1)).decoded("Ann", "Ben") > 0:
            pass

    await ben.press("camera")
    await ann.wait_camera_off("Ben", False)
    await wait_frames(ann, "Ben")


async def test_late_participant_sees_who_is_muted(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    [ben] = await start_call(browser, installation.url, call_id, ["Ben"], **SMALL)
    await ben.press("microphone")
    ann = await browser.open_tab(installation.url, call_id, "Ann", **SMALL)
    await ann.wait_muted("Ben", True)
