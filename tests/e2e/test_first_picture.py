"""The time from joining to the first frame of a participant who is already there, printed.

`JOINS=10` measures more joins.
"""

import os
import statistics
import sys

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation

JOINS = int(os.environ.get("JOINS", "3"))


async def test_everybody_who_joins_gets_a_picture(
    installation: Installation, browser: CallBrowser, call_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], width=640, height=360)
    waits = []
    for number in range(JOINS):
        name = f"Guest {number}"
        guest = await browser.open_tab(installation.url, call_id, name, width=640, height=360)
        waits.append(await guest.wait_first_picture())
        await guest.close()
        await ann.wait_gone(name, timeout=10)
    median, worst = statistics.median(waits), max(waits)
    with capsys.disabled():
        sys.stdout.write(
            f"\nfirst picture after joinRoom: median {median * 1000:.0f} ms, worst {worst * 1000:.0f} ms\n"
        )
