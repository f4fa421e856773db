"""The page receives each video in the layer that its tile needs."""

from e2e.calls import start_call
from support.browser import CallBrowser, Tab
from support.installation import Installation

_LAYER = """() => {
  for (const { publications, isLocal } of hubbub.call.participants.values()) {
    if (!isLocal) return publications.get("camera")?.currentLayers?.spatialLayer;
  }
}"""


async def test_layer_follows_the_size_of_the_tile(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, _ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=640, height=360)
    await wait_layer(ann, 1)
    await ann.page.set_viewport_size({"width": 360, "height": 300})
    await wait_layer(ann, 0)
    await ann.page.set_viewport_size({"width": 1280, "height": 800})
    await wait_layer(ann, 1)


async def wait_layer(tab: Tab, layer: int, timeout: float = 15.0) -> None:
    """Waits until the tab receives this spatial layer of the other participant's camera."""
    await tab.page.wait_for_function(f"(layer) => ({_LAYER})() === layer", arg=layer, timeout=timeout * 1000)
