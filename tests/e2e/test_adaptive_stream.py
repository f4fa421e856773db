"""The page receives each video in the layer that its tile needs, and others send no more than that."""

from urllib.parse import urlencode

from playwright.async_api import ViewportSize

from e2e.calls import start_call, wait_layer
from e2e.prepared_calls import CONNECTIONS
from support.browser import MARKS, CallBrowser, Tab
from support.installation import Installation

TWO_LAYERS = {"width": 640, "height": 360}
LARGE = ViewportSize(width=1280, height=800)
SMALL = ViewportSize(width=360, height=300)

_ENCODINGS = """(expected) => {
  const senders = connections.flatMap((connection) => connection.getSenders());
  const { encodings } = senders.find(({ track }) => track?.kind === "video").getParameters();
  return JSON.stringify(encodings.map(({ active }) => active)) === JSON.stringify(expected);
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
