"""A participant who leaves disappears for the others: by the button, a closed tab or a killed browser."""

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
BEFORE_GRACE = 4.0
"""Seconds. Shorter than the grace period of a lost session in these installations, 5 s."""


@pytest.mark.sample
async def test_leave_button_removes_participant_at_once(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.press("leave")
    await ann.wait_gone("Ben", timeout=BEFORE_GRACE)


async def test_closed_tab_removes_participant_at_once(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.close()
    await ann.wait_gone("Ben", timeout=BEFORE_GRACE)


@pytest.mark.parametrize("process", ["renderer", "browser"])
async def test_killed_process_removes_participant_within_ten_seconds(
    installation: Installation, browser: CallBrowser, other_browser: CallBrowser, call_id: str, process: str
) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    await other_browser.open_tab(installation.url, call_id, "Ben", **SMALL)
    await ann.wait_sees("Ben")
    await other_browser.kill(process)
    await ann.wait_gone("Ben", timeout=10)
