"""A participant who leaves disappears for the others: by the button, a closed tab or a killed browser."""

from collections.abc import Iterator

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
GRACE = 40.0
"""The grace period of a lost session where participants leave in order."""
BEFORE_GRACE = 20.0


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation in which nobody is gone soon who has not left."""
    with Installation(tmp_path_factory.mktemp("patient"), reconnect_grace=GRACE) as running:
        yield running


@pytest.mark.sample
async def test_leave_button_removes_participant_at_once(
    patient: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, patient.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.press("leave")
    await ann.wait_gone("Ben", timeout=BEFORE_GRACE)


async def test_closed_tab_removes_participant_at_once(
    patient: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, patient.url, call_id, ["Ann", "Ben"], **SMALL)
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
