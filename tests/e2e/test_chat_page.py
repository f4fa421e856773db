"""The chat page: people ring each other, answer, decline and miss calls, and enter the call of a group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from e2e.page_checks import PORTRAITS, TAKE_SCREENSHOTS, check_page
from support.browser import WAIT_TIMEOUT, CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation

PHONE = {"width": 390, "height": 780}

_PLAYS = (
    "[...document.querySelectorAll('.hb-tile:not([data-own]) video')]"
    ".some((video) => video.getVideoPlaybackQuality().totalVideoFrames > 10)"
)


@pytest.fixture(scope="module")
def ringing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with calls."""
    with Installation(tmp_path_factory.mktemp("ringing"), calls=1) as running:
        yield running


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Installation]:
    """An installation where rings end soon."""
    with Installation(tmp_path, calls=1, environment={"RING_TIMEOUT": "4"}) as running:
        yield running


@pytest.fixture(scope="module")
def chat_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossOriginPage]:
    """The example."""
    with CrossOriginPage(REPOSITORY / "examples" / "chat-page", tmp_path_factory.mktemp("chat-page")) as page:
        yield page


@dataclass(frozen=True)
class Chats:
    """Opens chat pages of one test, whose users take part in no other test."""

    browser: CallBrowser
    page: CrossOriginPage
    server: str
    suffix: str

    async def open(self, name: str, **options: Any) -> Page:
        """The page of a person, who can be called when this returns. `options` are those of the browser context."""
        people = ",".join(f"{self.id(one)}:{one}" for one in ("Ann", "Ben", "Cem"))
        groups = f"{self.id('Design')}:Design"
        address = self.page.address(self.server, "", name, user=self.id(name), people=people, groups=groups)
        if TAKE_SCREENSHOTS:
            options.setdefault("script", PORTRAITS)
        tab = await self.browser.open_page(address, name, reduced_motion="reduce", **options)
        await expect(tab.page.get_by_text("You can be called.")).to_be_visible()
        return tab.page

    async def call(self, page: Page, name: str) -> None:
        """Selects the person and calls."""
        await select(page, name)
        await page.get_by_role("button", name=f"Call {name}", exact=True).click()

    def id(self, name: str) -> str:
        """The id of the person or group."""
        return f"{name.lower()}-{self.suffix}"


@pytest.fixture
def chats(ringing: Installation, browser: CallBrowser, chat_page: CrossOriginPage, call_id: str) -> Chats:
    """The chat pages of the test."""
    return Chats(browser, chat_page, ringing.url, call_id[-12:])


async def select(page: Page, name: str) -> None:
    """Shows the conversation with a person or a group."""
    await page.get_by_role("navigation").get_by_role("button", name=name).click()


def ring(page: Page) -> Locator:
    """The dialog of an incoming call."""
    return page.get_by_role("dialog")


def conversation(page: Page) -> Locator:
    """The messages and former calls that the page shows."""
    return page.get_by_role("log", name="Messages and calls")


def room(page: Page) -> Locator:
    """The room of the call that was entered."""
    return page.get_by_role("region", name="Call", exact=True)


@pytest.mark.sample
async def test_accepted_call_has_video_until_one_leaves(chats: Chats) -> None:
    ann, ben = [await chats.open(name) for name in ("Ann", "Ben")]
    await chats.call(ann, "Ben")
    await expect(ring(ben)).to_have_accessible_name("Ann is calling")
    await check_page(ben, "chat-ringing")
    await check_page(ann, "chat-calling")
    await ring(ben).get_by_role("button", name="Accept with camera").click()
    for page in (ann, ben):
        await page.wait_for_function(_PLAYS, timeout=WAIT_TIMEOUT * 1000)
    await expect(ring(ben)).to_have_count(0)
    await expect(ann.get_by_role("button", name="Call Ben")).to_be_disabled()
    await ann.get_by_label("Message to Ben").fill("I have put the plans on your desk.")
    await ann.keyboard.press("Enter")
    await expect(conversation(ben)).to_contain_text("Ann: I have put the plans on your desk.")
    await check_page(ann, "chat-call")
    await ben.get_by_role("button", name="Leave").click()
    for page in (ann, ben):
        await expect(room(page)).to_have_count(0)
        await expect(conversation(page)).to_contain_text("The call took 1 min.")


async def test_declined_call_is_reported_to_the_caller(chats: Chats) -> None:
    ann, ben = [await chats.open(name) for name in ("Ann", "Ben")]
    await chats.call(ann, "Ben")
    await ring(ben).get_by_role("button", name="Decline").click()
    await expect(ann.get_by_role("status").get_by_text("The call was declined.")).to_be_visible()
    await expect(ring(ben)).to_have_count(0)


async def test_call_that_the_caller_takes_back_stops_ringing(chats: Chats) -> None:
    ann, ben = [await chats.open(name) for name in ("Ann", "Ben")]
    await chats.call(ann, "Ben")
    await expect(ring(ben)).to_be_visible()
    # The button belongs to the conversation, whatever the caller looks at meanwhile.
    await select(ann, "Cem")
    await select(ann, "Ben")
    await ann.get_by_role("button", name="Stop calling Ben").click()
    await expect(ring(ben)).to_have_count(0)
    await expect(room(ann)).to_have_count(0)


async def test_keyboard_cannot_leave_the_dialog_and_escape_ignores_on_this_device_only(chats: Chats) -> None:
    ann, ben, ben_elsewhere = [await chats.open(name) for name in ("Ann", "Ben", "Ben")]
    await chats.call(ann, "Ben")
    await expect(ring(ben)).to_be_visible()
    for _ in range(6):
        await ben.keyboard.press("Tab")
        # The browser's own controls may get the focus, but nothing of the page behind the dialog.
        assert await ben.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    await ben.keyboard.press("Escape")
    await expect(ring(ben)).to_have_count(0)
    await expect(ring(ben_elsewhere)).to_be_visible()
    await expect(ann.get_by_text("Ringing…")).to_be_visible()


async def test_answer_on_one_device_stops_the_other(chats: Chats) -> None:
    ann, ben, ben_elsewhere = [await chats.open(name) for name in ("Ann", "Ben", "Ben")]
    await chats.call(ann, "Ben")
    await expect(ring(ben_elsewhere)).to_be_visible()
    await ring(ben).get_by_role("button", name="Accept without camera").click()
    await expect(ring(ben_elsewhere)).to_have_count(0)
    await expect(room(ben)).to_be_visible()
    await expect(room(ben_elsewhere)).to_have_count(0)
    await expect(ben_elsewhere.get_by_text("you missed it")).to_have_count(0)


async def test_call_that_nobody_answers_is_missed(chats: Chats, impatient: Installation) -> None:
    chats = replace(chats, server=impatient.url)
    ann, ben = [await chats.open(name) for name in ("Ann", "Ben")]
    await select(ben, "Ann")
    await chats.call(ann, "Ben")
    await expect(ring(ben)).to_be_visible()
    await expect(ann.get_by_text("Nobody answered.", exact=True)).to_be_visible()
    await expect(ring(ben)).to_have_count(0)
    await expect(ben.get_by_text("you missed it")).to_be_visible()


async def test_group_call_is_shown_and_entered_by_a_third_person(chats: Chats) -> None:
    ann, ben = [await chats.open(name) for name in ("Ann", "Ben")]
    await ann.get_by_role("button", name="Call Design").click()
    await ring(ben).get_by_role("button", name="Accept with camera").click()
    await ann.wait_for_function(_PLAYS, timeout=WAIT_TIMEOUT * 1000)
    cem = await chats.open("Cem", viewport=PHONE)
    if await ring(cem).is_visible():  # it still rings
        await ring(cem).get_by_role("button", name="Ignore").click()
    indicator = cem.get_by_role("region", name="Call in progress.")
    await expect(indicator).to_contain_text("Ann")
    await expect(indicator).to_contain_text("Ben")
    await indicator.get_by_role("button", name="Join the call").click()
    for page in (ann, ben, cem):
        await expect(page.locator(".hb-tile[data-source=camera]")).to_have_count(3)
    await check_page(cem, "chat-group")


async def test_messages_are_written_and_read_in_their_conversation(chats: Chats) -> None:
    ann, ben, ben_elsewhere = [await chats.open(name) for name in ("Ann", "Ben", "Ben")]
    await ann.get_by_label("Message to Design").fill("Tea at four?")
    await ann.keyboard.press("Enter")
    for page in (ann, ben, ben_elsewhere):
        await expect(conversation(page)).to_contain_text("Ann: Tea at four?")
    await select(ben, "Ann")
    await expect(conversation(ben)).not_to_contain_text("Tea")
    await ben.get_by_label("Message to Ann").fill("Yes")
    await ben.get_by_role("button", name="Send").click()
    await select(ann, "Ben")
    await select(ben_elsewhere, "Ann")
    for page in (ann, ben, ben_elsewhere):
        await expect(conversation(page)).to_contain_text("Ben: Yes")
    await select(ann, "Cem")
    await ann.get_by_label("Message to Cem").fill("Hello?")
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_text("Cem is not connected, and does not get this message.")).to_be_visible()


async def test_application_without_the_sdk_rings_the_page(chats: Chats, mediasoup_app: CrossOriginPage) -> None:
    ben = await chats.open("Ben")
    app = (await chats.browser.open_page(mediasoup_app.address(chats.server, "", chats.id("Ann")), "Ann")).page
    await app.evaluate("(ben) => call(ben)", chats.id("Ben"))
    await ring(ben).get_by_role("button", name="Accept with camera").click()
    await ben.wait_for_function(_PLAYS, timeout=WAIT_TIMEOUT * 1000)
    await app.wait_for_function("(ben) => frames(ben) > 10", arg=chats.id("Ben"), timeout=WAIT_TIMEOUT * 1000)
    await room(ben).get_by_role("button", name="Leave").click()
    await app.wait_for_function("calls.includes('callEnded')", timeout=WAIT_TIMEOUT * 1000)
    assert await app.evaluate("calls") == [
        "callAccepted", "participantJoined", "participantJoined", "participantLeft", "callEnded",
    ]  # fmt: skip
