"""Moderators in the page: they mute, ask, remove, lock, admit and end the call."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import ViewportSize, expect

from e2e.calls import is_heard, start_call, wait_heard
from e2e.page_checks import PORTRAITS, TAKE_SCREENSHOTS, check_page
from hubbub_access import Grants, KeySet, issue
from hubbub_access.key_set import new_secret
from hubbub_contracts import ids
from support.browser import CallBrowser, Tab
from support.installation import Installation

SMALL = {"width": 320, "height": 180}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 640}
SECRET = b"s" * 32
MEMBER = Grants(rooms=("*",), join=True, publish=True, subscribe=True)
HOST = MEMBER.model_copy(update={"moderate": True})


async def actions(moderator: Tab, name: str) -> None:
    """Opens the moderator's controls of a participant."""
    if not await moderator.page.locator(".hb-panel").count():
        await moderator.press("people")
    await moderator.page.get_by_role("button", name=f"Moderate {name}").click()


async def phone_controls(tab: Tab) -> Any:
    """The box of the last control, on a small phone."""
    await tab.page.set_viewport_size(SMALL_PHONE)
    return await tab.page.locator("[data-action=leave]").bounding_box()


@pytest.mark.sample
async def test_a_moderator_mutes_and_asks_to_unmute(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await actions(ann, "Ben")
    await ann.page.click("[data-action=mute-microphone]")
    await ben.page.wait_for_selector("[data-kind=muted]")
    await ann.wait_muted("Ben", True)
    await wait_heard(ann, "Ben", False)
    # Ben cannot switch it on by himself.
    await ben.press("microphone")
    assert "A moderator muted you" in await ben.problem()
    assert not await is_heard(ann, "Ben")
    # He is asked, and decides.
    await ann.page.click("[data-action=unmute-microphone]")
    request = ben.page.locator("[data-kind=unmute]")
    await expect(request).to_contain_text("Ann asks you to switch on your microphone.")
    await ann.wait_muted("Ben", True)
    await request.locator("[data-action=unmute]").click()
    await ann.wait_muted("Ben", False)
    await wait_heard(ann, "Ben", True)


async def test_a_moderator_admits_from_the_lobby(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    room = "team-meeting" if TAKE_SCREENSHOTS else call_id

    async def enter(name: str) -> Tab:
        query = urlencode({"room": room, "name": name, "join": "", "width": 640, "height": 360})
        scripts = {"script": PORTRAITS} if TAKE_SCREENSHOTS else {}
        return await browser.open_page(f"{installation.url}/?{query}", name, reduced_motion="reduce", **scripts)

    mei = await enter("Mei Lin")
    await mei.wait_joined()
    await mei.press("people")
    await mei.page.click("[data-action=lobby]")
    jonas = await enter("Jonas Weber")
    await jonas.page.wait_for_selector("[data-state=waiting]")
    await check_page(jonas.page, "lobby")
    nora = await enter("Nora Berg")
    await nora.page.wait_for_selector("[data-state=waiting]")
    knock = mei.page.locator("[data-kind=lobby]")
    await expect(knock).to_contain_text("Jonas Weber would like to join (1 more waiting).")
    await knock.locator("[data-action=admit]").click()
    await jonas.wait_sees("Mei Lin")
    await mei.wait_sees("Jonas Weber")
    await jonas.press("hand")
    await expect(mei.page.locator(".hb-hand")).to_have_count(1)
    leave = await phone_controls(jonas)
    assert leave["x"] + leave["width"] <= SMALL_PHONE["width"], "all buttons fit"
    await actions(mei, "Jonas Weber")
    await check_page(mei.page, "moderation")
    await knock.locator("[data-action=refuse]").click()
    await expect(nora.page.locator("h1")).to_have_text("You were not let in")


async def test_a_moderator_locks_removes_bans_and_ends(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben, cid = await start_call(browser, installation.url, call_id, ["Ann", "Ben", "Cid"], **SMALL)
    await actions(ann, "Ben")
    await ann.page.click("[data-action=remove]")
    await expect(ben.page.locator("h1")).to_have_text("You were removed")
    await ann.wait_gone("Ben", timeout=10)
    await ben.press("rejoin")
    await ann.wait_sees("Ben")

    await ann.page.click("[data-action=lock]")
    await actions(ann, "Ben")
    await ann.page.click("[data-action=ban]")
    await expect(ben.page.locator("h1")).to_have_text("You cannot join this room")
    late = await browser.open_page(f"{installation.url}/?room={call_id}&name=Late&join", "Late")
    await expect(late.page.locator("h1")).to_have_text("This room is locked")
    await ann.page.click("[data-action=lock]")
    await late.press("rejoin")
    await ann.wait_sees("Late")
    await ben.press("rejoin")
    await ben.page.wait_for_selector("[data-state=connecting], [data-state=ended]")
    await expect(ben.page.locator("h1")).to_have_text("You cannot join this room")

    await ann.page.click("[data-action=end]")
    await ann.page.click("[data-action=end-confirmed]")
    for tab in (ann, cid, late):
        await expect(tab.page.locator("h1")).to_have_text("The call has ended")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with access tokens."""
    directory = tmp_path_factory.mktemp("moderation")
    keys = directory / "keys.json"
    keys.write_text(json.dumps(new_secret("key", "app", SECRET)))
    with Installation(directory, environment={"AUTH": "on", "ACCESS_KEYS": str(keys)}) as running:
        yield running


async def test_only_who_may_moderate_has_the_controls(
    guarded: Installation, browser: CallBrowser, call_id: str
) -> None:
    def token(user: str, grants: Grants) -> str:
        key = KeySet.parse(json.dumps(new_secret("key", "app", SECRET))).signing_key
        assert key is not None
        return issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=600, token_id=ids.mint())

    ann = await browser.open_tab(guarded.url, call_id, "Ann", token=token("ann", HOST), **SMALL)
    ben = await browser.open_tab(guarded.url, call_id, "Ben", token=token("ben", MEMBER), **SMALL)
    await ben.wait_sees("Ann")
    await ann.wait_sees("Ben")
    await ben.press("people")
    await expect(ben.page.locator(".hb-people li")).to_have_count(2)
    assert await ben.page.locator("[data-action=moderate], [data-action=lock]").count() == 0
    await actions(ann, "Ben")
    await ann.page.select_option("[data-action=role]", "listener")
    await ann.wait_camera_off("Ben", True)
    await ben.press("camera")
    assert "You may not do that" in await ben.problem()
    await ann.page.select_option("[data-action=role]", "moderator")
    await ben.page.wait_for_selector("[data-action=lock]")
    await ben.press("camera")
    await ann.wait_sees("Ben")
