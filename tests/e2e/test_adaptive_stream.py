"""The page receives each video in the layer that its tile needs, and others send no more than that."""

import asyncio
import logging
from urllib.parse import urlencode

from playwright.async_api import ViewportSize

from e2e.calls import start_call, wait_layer
from e2e.prepared_calls import CONNECTIONS
from support.browser import MARKS, CallBrowser, Tab
from support.installation import Installation

logger = logging.getLogger("adaptive-stream")

TWO_LAYERS = {"width": 640, "height": 360}
LARGE = ViewportSize(width=1280, height=800)
SMALL = ViewportSize(width=360, height=300)

_ENCODINGS = """(expected) => {
  const senders = connections.flatMap((connection) => connection.getSenders());
  const { encodings } = senders.find(({ track }) => track?.kind === "video").getParameters();
  return JSON.stringify(encodings.map(({ active }) => active)) === JSON.stringify(expected);
}"""
# The browser has no window that another one could cover.
_SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_SHOW = (
    """async (width) => {
  const video = document.querySelector(".hb-tile:not([data-own]) video");
  const frames = () => video.getVideoPlaybackQuality().totalVideoFrames;
  const before = frames();
  const start = performance.now();
  ("""
    + _SET_HIDDEN
    + """)(false);
  return new Promise((resolve) => {
    const look = (now, picture) => {
      if (frames() > before && picture.width === width) resolve(performance.now() - start);
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
}"""
)
_RECEIVES_NOTHING = """() => {
  const others = [...hubbub.call.participants.values()].filter(({ isLocal }) => !isLocal);
  return others.every(({ publications }) => publications.get("camera")?.currentLayers === undefined);
}"""


async def test_layer_follows_the_size_of_the_tile(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, _ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **TWO_LAYERS)
    await wait_layer(ann, "Ben", 1)
    await ann.page.set_viewport_size(SMALL)
    await wait_layer(ann, "Ben", 0)
    await ann.page.set_viewport_size(LARGE)
    await wait_layer(ann, "Ben", 1)


async def test_a_layer_that_nobody_displays_is_not_encoded(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_observed_call(browser, installation, call_id)
    await wait_encodings(ann, [True, True])
    await ben.page.set_viewport_size(SMALL)
    await wait_encodings(ann, [True, False])
    await wait_layer(ben, "Ann", 0)
    await ben.page.set_viewport_size(LARGE)
    await wait_encodings(ann, [True, True])
    await wait_layer(ben, "Ann", 1)


async def test_a_hidden_tab_is_sharp_soon_after_it_is_shown_again(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    """Logs how soon, after Ann's browser has stopped to encode what the tab needs."""
    ann, ben = await start_observed_call(browser, installation, call_id)
    for _ in range(3):
        await wait_layer(ben, "Ann", 1)
        await ben.page.evaluate(_SET_HIDDEN, True)
        await ben.page.wait_for_function(_RECEIVES_NOTHING, timeout=40_000)
        await wait_encodings(ann, [True, False])
        async with asyncio.timeout(40):
            sharp_after = await ben.page.evaluate(_SHOW, TWO_LAYERS["width"])
        logger.info("sharp %.0f ms after the tab was shown again", sharp_after)


async def start_observed_call(browser: CallBrowser, installation: Installation, call_id: str) -> tuple[Tab, Tab]:
    """Ann's tab, whose senders can be looked at, and Ben's, which receives the upper layer of her camera."""
    query = urlencode({"room": call_id, "name": "Ann", "join": "", **TWO_LAYERS})
    ann = await browser.open_page(f"{installation.url}/?{query}", "Ann", script=MARKS + CONNECTIONS)
    await ann.wait_joined()
    ben = await browser.open_tab(installation.url, call_id, "Ben", **TWO_LAYERS)
    await ben.wait_sees("Ann")
    await wait_layer(ben, "Ann", 1)
    return ann, ben


async def wait_encodings(tab: Tab, active: list[bool]) -> None:
    """Waits until these encodings of the tab's camera are switched on."""
    await tab.page.wait_for_function(_ENCODINGS, arg=active, timeout=40_000)
