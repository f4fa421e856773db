"""People who only watch, in browsers: they see the video, nobody sees them, and everybody sees how many they are."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

import pytest

from e2e.calls import wait_frames
from e2e.page_checks import PORTRAITS, TAKE_SCREENSHOTS, check_page
from support.browser import CallBrowser, Tab
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
_LISTED = "() => [...hubbub.call.participants.values()].map(({ name }) => name).sort()"
_TILES = "() => [...document.querySelectorAll('.hb-tile .hb-name')].map(({ textContent }) => textContent).sort()"


async def take_part(browser: CallBrowser, url: str, room: str, name: str) -> Tab:
    """A tab with a participant: a drawn one on screenshots."""
    scripts = {"script": PORTRAITS} if TAKE_SCREENSHOTS else {}
    query = urlencode({"room": room, "name": name, "join": "", **({} if TAKE_SCREENSHOTS else SMALL)})
    tab = await browser.open_page(f"{url}/?{query}", name, **scripts)
    await tab.wait_joined()
    return tab


async def wait_watching(tab: Tab, count: int) -> None:
    """Waits until the page shows that so many watch."""
    await tab.page.get_by_text(f"{count} watching").first.wait_for(timeout=40_000)


@pytest.mark.sample
async def test_an_audience_sees_the_call_and_is_counted(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    room = "Product launch" if TAKE_SCREENSHOTS else call_id
    ann, ben = [await take_part(browser, installation.url, room, name) for name in ("Ann", "Ben")]
    await ann.wait_sees("Ben")
    eve = await browser.open_tab(installation.url, room, "Eve", watch="")
    fay = await browser.open_page(f"{installation.url}/?room={quote(room)}&watch", "Fay")
    await check_page(fay.page, "watch-form")
    assert await fay.page.locator("video, select, [data-action=camera]").count() == 0
    await fay.page.keyboard.type("Fay")
    await fay.page.keyboard.press("Enter")
    await fay.wait_joined()
    for tab in (eve, fay):
        await tab.wait_sees("Ann")
        await wait_frames(tab, "Ben")
    await asyncio.gather(*(wait_watching(tab, 2) for tab in (ann, ben, eve, fay)))
    assert await ann.page.evaluate(_LISTED) == ["Ben"]
    assert await eve.page.evaluate(_LISTED) == ["Ann", "Ben"]
    assert await ann.page.evaluate(_TILES) == ["Ann (you)", "Ben"]
    assert await eve.page.evaluate(_TILES) == ["Ann", "Ben"]
    for action in ("microphone", "camera", "screen", "hand"):
        assert await eve.page.locator(f"[data-action={action}]").count() == 0
    await check_page(eve.page, "audience")
    await eve.page.set_viewport_size({"width": 360, "height": 740})
    await check_page(eve.page, "audience-phone")
    await fay.press("leave")
    await asyncio.gather(*(wait_watching(tab, 1) for tab in (ann, ben, eve)))
    await fay.press("rejoin")
    await fay.wait_sees("Ann")
    await wait_watching(ben, 2)


async def test_watching_is_chosen_in_the_form(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann = await browser.open_tab(installation.url, call_id, "Ann", **SMALL)
    eve = await browser.open_page(f"{installation.url}/?room={call_id}", "Eve", permissions=["camera", "microphone"])
    await eve.page.wait_for_selector("[data-action=camera][aria-pressed=true]")
    await eve.page.fill("[name=name]", "Eve")
    await eve.page.focus("[data-action=join]")
    await eve.page.keyboard.press("Tab")
    await eve.page.keyboard.press("Enter")
    await eve.wait_joined()
    await eve.wait_sees("Ann")
    await wait_watching(ann, 1)
    assert await ann.page.evaluate(_LISTED) == []
