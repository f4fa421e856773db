"""A shared picture that stands still is shown to everybody who joins, also after the browser made its last frame."""

import asyncio

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
STILL = 5
"""Seconds: longer than the node keeps packets for repairs."""

# A slide: it is drawn until it is shown, then stands still. The browser makes no frame of it any more, not even for a
# request for a key frame.
_SHARE_SLIDE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const picture = canvas.getContext("2d");
  let frame = 0;
  globalThis.drawing = setInterval(() => picture.fillText(`slide ${++frame}`, 20, 20 + frame), 100);
  await hubbub.call.local.publish(canvas.captureStream().getVideoTracks()[0], "screen");
}"""


async def test_a_still_picture_is_shown_to_those_who_join_later(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ann.page.evaluate(_SHARE_SLIDE)
    await ben.wait_shares("Ann", True)
    await ann.page.evaluate("clearInterval(drawing)")
    await asyncio.sleep(STILL)
    for name in ("Cem", "Dan"):
        late = await browser.open_tab(installation.url, call_id, name, **SMALL)
        await late.wait_shares("Ann", True)
