"""The page receives each video in the layer that its tile needs."""

from e2e.calls import start_call, wait_layer
from support.browser import CallBrowser
from support.installation import Installation


async def test_layer_follows_the_size_of_the_tile(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, _ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=640, height=360)
    await wait_layer(ann, "Ben", 1)
    await ann.page.set_viewport_size({"width": 360, "height": 300})
    await wait_layer(ann, "Ben", 0)
    await ann.page.set_viewport_size({"width": 1280, "height": 800})
    await wait_layer(ann, "Ben", 1)
