"""Only the loudest microphones of a room are forwarded. To a receiver, the others are silent, not lost."""

import asyncio

import pytest

from e2e.calls import start_call
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
    ann, ben, cem = await start_call(browser, fresh_installation.url, call_id, ["Ann", "Ben", "Cem"], **SMALL)
    await cem.press("microphone")
    await asyncio.gather(speak(ann), speak(ben, volume=0.05))

    await asyncio.sleep(SETTLED)
    ann_packets, ben_packets = await packets(cem, "Ann", "Ben", seconds=3)
    assert ann_packets >= 100
    assert ben_packets == 0
    # Nobody hears themselves: to the loudest one, another one is forwarded.
    assert (await packets(ann, "Ben", seconds=1))[0] >= 30

    await ann.press("microphone")
    async with asyncio.timeout(10):
        while (await packets(cem, "Ben", seconds=0.5))[0] == 0:
            pass
    for name, received in (await cem.stats()).audio_from.items():
        assert received.lost == 0, name
    assert await cem.page.locator(".hb-tile-lost").count() == 0


async def packets(tab: Tab, *names: str, seconds: float) -> list[int]:
    """How many packets of these participants' audio the tab receives in this time."""
    before = await current(tab, names)
    await asyncio.sleep(seconds)
    return [now.packets - then.packets for then, now in zip(before, await current(tab, names), strict=True)]


async def current(tab: Tab, names: tuple[str, ...]) -> list[AudioReceived]:
    """What the tab has received of these participants' audio."""
    stats = await tab.stats()
    return [stats.audio_from[name] for name in names]
