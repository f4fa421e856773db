"""A participant on a slow downlink receives lower layers, and the others what they received before."""

import asyncio

from e2e.calls import start_call, wait_frames
from support.browser import CallBrowser, Tab
from support.installation import Installation
from support.udp_relay import UdpRelay

# Two videos in their low layer fit, not one in its high layer.
SLOW = 400_000
SIZE = {"width": 640, "height": 360}

_LAYERS = """() => Object.fromEntries([...hubbub.call.participants.values()]
  .filter(({ isLocal }) => !isLocal)
  .map(({ name, publications }) => [name, publications.get("camera")?.currentLayers?.spatialLayer]))"""


async def wait_layers(tab: Tab, layers: dict[str, int], timeout: float = 30.0) -> None:
    """Waits until the tab receives these spatial layers of the others' cameras."""
    expected = "([layers, expected]) => Object.entries(expected).every(([name, layer]) => layers[name] === layer)"
    await tab.page.wait_for_function(
        f"(expected) => ({expected})([({_LAYERS})(), expected])", arg=layers, timeout=timeout * 1000
    )


async def test_only_the_slow_receiver_gets_lower_layers(
    relayed_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    async with UdpRelay(relayed_installation.layout.rtc_min_port) as relay:
        ann, cem = await start_call(browser, relayed_installation.url, call_id, ["Ann", "Cem"], **SIZE)
        relay.downlink = SLOW
        ben = await browser.open_tab(relayed_installation.url, call_id, "Ben", **SIZE)
        await asyncio.gather(*(ben.wait_sees(name) for name in ("Ann", "Cem")))
        await wait_layers(ben, {"Ann": 0, "Cem": 0})
        await asyncio.gather(wait_layers(ann, {"Cem": 1, "Ben": 1}), wait_layers(cem, {"Ann": 1, "Ben": 1}))
        # Longer than a freeze may last: the estimate has settled, and the pictures go on.
        for _ in range(5):
            await asyncio.gather(*(wait_frames(ben, name, more=20, timeout=4.0) for name in ("Ann", "Cem")))
        await wait_layers(ben, {"Ann": 0, "Cem": 0}, timeout=1.0)
