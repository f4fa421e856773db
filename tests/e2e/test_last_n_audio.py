"""Only the loudest microphones of a room are forwarded. To a receiver, the others are silent, not lost."""

import asyncio

import pytest

from e2e.speech import speak
from support.browser import CallBrowser, Tab
from support.installation import Installation
from support.media_stats import AudioReceived

SMALL = {"width": 320, "height": 180}
SETTLED = 2.0
"""Seconds after which the loudest microphone is known and the others have gone silent."""


@pytest.mark.parametrize("fresh_installation", [{"environment": {"LAST_N_AUDIO": "1"}}], indirect=True)
async def test_a_quiet_microphone_is_forwarded_once_the_loud_one_is_silent(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    names = ["Ann", "Ben", "Cem"]
    ann, ben, cem = tabs = [await browser.open_tab(fresh_installation.url, call_id, name, **SMALL) for name in names]
    await asyncio.gather(*(tab.wait_sees(name) for tab in tabs for name in names if name != tab.name))
    await cem.press("microphone")
    # In a pause of 40 ms another one would take her place.
    await asyncio.gather(speak(ann, between=0.2), speak(ben, volume=0.02))

    await asyncio.sleep(SETTLED)
    ann_packets, ben_packets = await packets(cem, "Ann", "Ben", seconds=3)
    assert ann_packets >= 100
    assert ben_packets == 0

    await ann.press("microphone")
    async with asyncio.timeout(10):
        while (await packets(cem, "Ben", seconds=0.5))[0] == 0:
            pass
    for name, received in (await cem.stats()).audio_from.items():
        assert received.lost == 0, name
    assert await cem.page.locator(".hb-tile-lost").count() == 0


async def packets(tab: Tab, *names: str, seconds: float) -> list[int]:
    """How many packets of these participants' audio the tab receives in this time."""
    before = (await tab.stats()).audio_from
    await asyncio.sleep(seconds)
    after = (await tab.stats()).audio_from
    return [count(after.get(name)) - count(before.get(name)) for name in names]


def count(received: AudioReceived | None) -> int:
    """The packets of a stream, which has no statistics before the first one."""
    return 0 if received is None else received.packets
