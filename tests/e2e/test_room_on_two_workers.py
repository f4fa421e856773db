"""Two tabs on two workers of one node see and hear each other."""

from e2e.calls import Window, selected_pairs, start_call, wait_for_full_quality
from e2e.speech import speak
from support.browser import CallBrowser, Tab
from support.installation import Installation


async def worker_of(tab: Tab) -> int:
    """The port of the worker that both of the tab's transports are on."""
    (port,) = {pair["remote"]["port"] for pair in await selected_pairs(tab)}
    return int(port)


async def test_two_people_on_two_workers(spread_installation: Installation, browser: CallBrowser, call_id: str) -> None:
    size = {"width": 640, "height": 360}
    tabs = await start_call(browser, spread_installation.url, call_id, ["Ann", "Ben"], **size)
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
                "name => hubbub.call.activeSpeaker?.name === name", arg=speaker.name, timeout=15_000
            )
        await speaker.press("microphone")
    await ann.page.close()
    await ben.page.wait_for_function("hubbub.call.participants.size === 0", timeout=15_000)
