"""Two tabs at 1280x720 receive all frames at full size, and audio without concealment."""

from e2e.calls import ONE_LAYER, Window, start_call, wait_for_full_quality
from support.browser import CallBrowser
from support.installation import Installation


async def test_two_people_in_high_definition(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=1280, height=720, **ONE_LAYER)
    await wait_for_full_quality(tabs, 1280, 720)
    window = await Window.measure(tabs, 8)
    window.require_all_frames()
    window.require_no_bandwidth_limit(1280, 720)
    window.require_sound()
