"""What people call themselves is shown as text: no markup of theirs becomes an element."""

from __future__ import annotations

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
MARKUP = '<img src=x onerror="globalThis.injected=1"><b id=bold>'
_FOUND = "() => [globalThis.injected, document.querySelectorAll('#bold, img[src=x]').length]"


@pytest.mark.sample
async def test_names_are_shown_as_text(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    await browser.open_tab(installation.url, call_id, MARKUP, **SMALL)
    await ann.page.get_by_text(MARKUP).first.wait_for()
    assert await ann.page.evaluate(_FOUND) == [None, 0]
