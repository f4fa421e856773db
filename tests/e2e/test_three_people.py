"""Three tabs at 640x360 receive all frames of each other, and audio without concealment."""

from e2e.calls import ONE_LAYER, Window, start_call, wait_for_full_quality
from support.browser import CallBrowser
from support.installation import Installation


async def test_three_people(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    tabs = await start_call(
        browser, installation.url, call_id, ["Ann", "Ben", "Cem"], width=640, height=360, **ONE_LAYER
    )
    await wait_for_full_quality(tabs, 640, 360)
    window = await Window.measure(tabs, 8)
    window.require_all_frames()
    window.require_no_bandwidth_limit(640, 360)
    window.require_sound()
