"""Chromium behind a slow downlink with a queue of 300 ms: it gets the layers that fit, and nobody else gets less."""

import asyncio
import logging
import statistics
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from e2e.calls import Window, selected_pairs, start_call
from support.browser import CallBrowser, Tab, all_stats, chromium
from support.installation import Installation
from support.rate_limit import RateLimit
from support.udp_relay import UdpRelay

logger = logging.getLogger("limited-downlink")

MEASURED = 15
"""Seconds of a window."""
LOW = 180
"""The height of the lowest layer of a 640x360 and of a 1280x720 camera."""
FPS = 10
"""Few frames, so that the CPU of a small machine limits no encoder."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(150)]


@pytest_asyncio.fixture(loop_scope="session")
async def slow_cameras() -> AsyncIterator[CallBrowser]:
    """A Chromium whose cameras have FPS frames per second."""
    async with chromium(frame_rate=FPS) as running:
        yield running


async def test_only_the_slow_receiver_gets_less(
    relayed_installation: Installation, slow_cameras: CallBrowser, call_id: str
) -> None:
    url = relayed_installation.url
    async with UdpRelay(relayed_installation.layout.rtc_min_port) as relay:
        tabs = await start_call(
            slow_cameras, url, call_id, ["Ann", "Ben", "Cem"], width=640, height=360, subscribe="all"
        )
        ann = tabs[0]
        await asyncio.gather(*(wait_heights(tab, 360) for tab in tabs))
        control = await Window.measure(tabs, MEASURED)

        before = await all_stats(tabs)
        await limit_downlink(relay, ann, 600_000)
        await wait_heights(ann, LOW)
        await asyncio.sleep(MEASURED)
        limited = Window(before, await all_stats(tabs))

    for window in (control, limited):
        if window.cpu_limited():
            pytest.skip("void: the CPU limits a sender")
    for sender in ("Ben", "Cem"):
        assert limited.after["Ann"].video_from[sender].height == LOW
    froze, frozen = limited.freezes("Ann")
    froze_before, frozen_before = control.freezes("Ann")
    logger.info("freezes: %d (%.2f s) with the limit, %d (%.2f s) without", froze, frozen, froze_before, frozen_before)
    assert froze <= froze_before + 1
    assert frozen <= frozen_before + 1.0
    for receiver, sender in [pair for pair in limited.pairs() if pair[0] != "Ann"]:
        assert limited.decoded(receiver, sender) >= 0.95 * control.decoded(receiver, sender), (receiver, sender)


async def test_a_cliff_costs_the_top_layer_and_its_end_returns_it(
    relayed_installation: Installation, slow_cameras: CallBrowser, call_id: str
) -> None:
    """The downlink falls from 4 to 1 Mbit/s and returns. Ann's camera has three layers: 0.2, 0.55 and 1.6 Mbit/s."""
    url = relayed_installation.url
    async with UdpRelay(relayed_installation.layout.rtc_min_port) as relay:
        room = {"room": call_id, "subscribe": "all"}
        ann, ben = await asyncio.gather(
            slow_cameras.open_tab(url, name="Ann", width=1280, height=720, **room),
            slow_cameras.open_tab(url, name="Ben", width=320, height=180, **room),
        )
        await ben.wait_receives({"Ann"})
        link = await limit_downlink(relay, ben, 4_000_000)
        await wait_heights(ben, 720, timeout=30)

        before = await all_stats([ann, ben])
        link.rate = 1_000_000
        fallen = time.monotonic()
        await wait_heights(ben, 360)
        lower_after = time.monotonic() - fallen
        delays = await sample_delays(link, MEASURED)
        cliff = Window(before, await all_stats([ann, ben]))
        link.rate = 4_000_000
        returned = time.monotonic()
        await wait_heights(ben, 720, timeout=30)
        top_after = time.monotonic() - returned

    if cliff.cpu_limited():
        pytest.skip("void: the CPU limits a sender")
    froze, frozen = cliff.freezes("Ben")
    p95 = statistics.quantiles(delays, n=20)[-1]
    logger.info(
        "lower layer after %.2f s, %d freezes (%.2f s), queueing delay p95 %.0f ms, top layer after %.1f s",
        lower_after,
        froze,
        frozen,
        p95 * 1000,
        top_after,
    )
    assert frozen <= 1.0
    assert p95 < 0.2
    assert cliff.after["Ben"].video_from["Ann"].height == 360


async def limit_downlink(relay: UdpRelay, tab: Tab, rate: float) -> RateLimit:
    """Limits what the tab receives to `rate` bits per second."""
    _sends, receives = await selected_pairs(tab)
    return relay.limit(receives["local"]["port"], rate)


async def wait_heights(tab: Tab, height: int, timeout: float = 20.0) -> None:
    """Waits until the tab receives the video of every other participant in this height. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while {video.height for video in (await tab.stats()).video_from.values()} != {height}:
            await asyncio.sleep(0.1)


async def sample_delays(link: RateLimit, seconds: float) -> list[float]:
    """The queueing delay in seconds, every 10 ms."""
    samples = []
    for _ in range(round(seconds * 100)):
        samples.append(link.delay)
        await asyncio.sleep(0.01)
    return samples
