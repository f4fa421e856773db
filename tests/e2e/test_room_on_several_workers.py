"""Tabs on different workers, of one node or of two, see and hear each other, and notice what the others do."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from e2e.calls import Window, selected_pairs, start_call, wait_for_full_quality, wait_frames, wait_heard, wait_layer
from e2e.speech import speak
from support.browser import CallBrowser, Tab
from support.installation import SPREAD, Installation

NAMES = ["Ann", "Ben", "Cem"]


@pytest.fixture(scope="module")
def three_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation in which the first three peers of a room are on a worker each."""
    with Installation(tmp_path_factory.mktemp("workers"), workers=3, environment=SPREAD) as running:
        yield running


async def worker_of(tab: Tab) -> int:
    """The port of the worker that both of the tab's transports are on."""
    (port,) = {pair["remote"]["port"] for pair in await selected_pairs(tab)}
    return int(port)


async def test_two_people_on_two_workers(spread: Installation, browser: CallBrowser, call_id: str) -> None:
    size = {"width": 640, "height": 360}
    tabs = await start_call(browser, spread.url, call_id, ["Ann", "Ben"], **size)
    ann, ben = tabs
    assert await worker_of(ann) != await worker_of(ben)
    await wait_for_full_quality(tabs, **size)
    window = await Window.measure(tabs, 8)
    window.require_all_frames(0.9)
    window.require_no_bandwidth_limit(**size)
    window.require_sound()
    for name, stats in window.after.items():
        for received in stats.video_from.values():
            assert (received.width, received.height) == (640, 360), name

    await ben.press("microphone")  # its beeps may count as speech
    for speaker in tabs:
        await speak(speaker)
        for tab in tabs:
            await tab.page.wait_for_function(
                "name => hubbub.call.activeSpeaker?.name === name", arg=speaker.name, timeout=40_000
            )
        await speaker.press("microphone")
    await ann.page.close()
    await ben.page.wait_for_function("hubbub.call.participants.size === 0", timeout=40_000)


@pytest.mark.sample
async def test_three_people_on_three_workers(three_workers: Installation, browser: CallBrowser, call_id: str) -> None:
    # Two layers of one video are enough, and cost the browsers less.
    [ben] = await start_call(browser, three_workers.url, call_id, ["Ben"], width=640, height=360)
    others = await start_call(browser, three_workers.url, call_id, ["Ann", "Cem"], width=320, height=180)
    ann, cem = others
    tabs = [ann, ben, cem]
    await asyncio.gather(*(tab.wait_sees(name) for tab in tabs for name in NAMES if name != tab.name))
    await asyncio.gather(*(tab.wait_receives({*NAMES} - {tab.name}) for tab in tabs))
    assert len({await worker_of(tab) for tab in tabs}) == 3
    # The two tabs above are measured in earnest: these wait for the CPU.
    await Window.passing(tabs, 4, partial(Window.require_all_frames, share=0.7))
    await Window.passing(tabs, 2, partial(Window.require_sound, concealed=0.1))

    await ann.page.set_viewport_size({"width": 360, "height": 300})
    await wait_layer(ann, "Ben", 0)
    await ann.page.set_viewport_size({"width": 1280, "height": 800})
    await wait_layer(ann, "Ben", 1)

    await ben.press("microphone")
    for tab in others:
        await tab.wait_muted("Ben", True)
        await wait_heard(tab, "Ben", False)
    await ben.press("microphone")
    for tab in others:
        await tab.wait_muted("Ben", False)
        await wait_heard(tab, "Ben", True)
    await ben.press("camera")
    await asyncio.gather(*(tab.wait_camera_off("Ben", True) for tab in others))
    await ben.press("camera")
    await asyncio.gather(*(tab.wait_camera_off("Ben", False) for tab in others))
    await asyncio.gather(*(wait_frames(tab, "Ben") for tab in others))

    await cem.page.close()
    await asyncio.gather(*(tab.wait_gone("Cem", timeout=40) for tab in (ann, ben)))
    await asyncio.gather(wait_frames(ann, "Ben"), wait_frames(ben, "Ann"))
