"""Accessibility and layout of the page's main states: wide and narrow, light and dark."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from e2e.page_checks import PORTRAITS, TAKE_SCREENSHOTS, check_page
from support.browser import CallBrowser, Tab, chromium
from support.installation import Installation

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DARK: dict[str, Any] = {"color_scheme": "dark"}
ROOM = "design-review"
GUESTS = ["Amina Diallo", "Jonas Weber", "Priya Rao", "Luis Vega", "Sara Holm"]

_OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


class Screens:
    """Opens the page in its various states."""

    def __init__(self, browser: CallBrowser, url: str) -> None:
        self._browser = browser
        self._url = url

    async def open(
        self, name: str = "", *, join: bool = False, room: str = ROOM, subscribe: str = "all", **options: Any
    ) -> Tab:
        """Opens the start, with `name` a room's preview, with `join` the call."""
        query = {"room": room, "name": name, "width": 640, "height": 360, "subscribe": subscribe} if name else {}
        address = f"{self._url}/?{urlencode({**query, **({'join': ''} if join else {})})}"
        # Screenshots must not catch an animation halfway.
        tab = await self._browser.open_page(address, name, reduced_motion="reduce", **options)
        if TAKE_SCREENSHOTS:
            await tab.context.add_init_script(PORTRAITS)
            await tab.page.reload()
        if join:
            await tab.wait_joined()
        return tab


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def slow_cameras() -> AsyncIterator[CallBrowser]:
    """A browser in which seven tabs can be in one call: two cores cannot encode all their video at 30 fps."""
    async with chromium(frame_rate=5) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def screens(installation: Installation, slow_cameras: CallBrowser) -> AsyncIterator[Screens]:
    """Screens whose tabs close at the end of the test."""
    yield Screens(slow_cameras, installation.url)
    await slow_cameras.close_tabs()


async def require_fits(tab: Tab) -> None:
    """Asserts that the page does not overflow horizontally."""
    assert await tab.page.evaluate(_OVERFLOW) <= 0


@pytest.mark.sample
@pytest.mark.parametrize(
    ("state", "options"), [("home", {}), ("home-dark", DARK), ("home-phone", PHONE)], ids=["wide", "dark", "phone"]
)
async def test_home(screens: Screens, state: str, options: dict[str, Any]) -> None:
    tab = await screens.open(**options)
    await tab.page.wait_for_selector("[data-action=start]")
    await require_fits(tab)
    await check_page(tab.page, state)


@pytest.mark.sample
@pytest.mark.parametrize(
    ("state", "options"), [("prejoin", {}), ("prejoin-phone", {**PHONE, **DARK})], ids=["wide", "phone"]
)
async def test_prejoin(screens: Screens, state: str, options: dict[str, Any]) -> None:
    tab = await screens.open("Mei Lin", **options)
    await tab.page.wait_for_function("document.querySelector('.hb-prejoin video')?.videoWidth > 0")
    await require_fits(tab)
    await check_page(tab.page, state)


async def test_growing_call(screens: Screens) -> None:
    mei = await screens.open("Mei Lin", join=True)
    await mei.page.wait_for_selector(".hb-alone")
    await check_page(mei.page, "call-1")
    guests = []
    for count, name in enumerate(GUESTS, start=2):
        # Guests receive nothing: two cores cannot decode and draw what six tabs send to each other.
        guests.append(await screens.open(name, join=True, subscribe="manual", viewport={"width": 640, "height": 400}))
        await mei.wait_sees(name)
        if count in {2, 3, 6}:
            await check_page(mei.page, f"call-{count}")
        if count == 3:
            await guests[-1].press("microphone")
            await mei.wait_muted(name, True)
    await guests[3].press("camera")
    await mei.wait_camera_off(GUESTS[3], True)
    await mei.page.emulate_media(color_scheme="dark")
    await check_page(mei.page, "call-dark")
    await mei.press("people")
    await mei.page.wait_for_selector(".hb-people")
    await check_page(mei.page, "people-dark")
    await mei.page.emulate_media(color_scheme="light")
    await mei.press("settings")
    await mei.page.wait_for_selector(".hb-settings")
    await check_page(mei.page, "settings")
    await mei.press("stats")
    await mei.page.wait_for_selector(".hb-stats tbody")
    if TAKE_SCREENSHOTS:
        await asyncio.sleep(30)
    await check_page(mei.page, "statistics")
    await mei.page.keyboard.press("Escape")
    await mei.page.wait_for_selector(".hb-panel", state="detached")

    await mei.press("layout")
    await mei.page.wait_for_selector("[data-layout=focus]")
    await check_page(mei.page, "speaker")
    await mei.press("layout")
    await guests[0].press("screen")
    await mei.wait_shares(GUESTS[0], True)
    await check_page(mei.page, "presentation")

    phone = await screens.open("Nora Berg", join=True, **PHONE)
    await phone.wait_shares(GUESTS[0], True)
    await require_fits(phone)
    await check_page(phone.page, "presentation-phone")
    await guests[0].press("screen")
    await phone.wait_shares(GUESTS[0], False)
    await phone.wait_sees(GUESTS[0])
    await require_fits(phone)
    await check_page(phone.page, "call-phone")

    await mei.press("leave")
    await mei.page.wait_for_selector("[data-action=rejoin]")
    await check_page(mei.page, "left")


async def test_denied_devices(installation: Installation) -> None:
    async with chromium(permission=False) as denying:
        screens = Screens(denying, installation.url)
        tab = await screens.open("Mei Lin")
        assert "Camera: The browser was not allowed to use it." in await tab.problem()
        await check_page(tab.page, "camera-refused")
        await tab.press("join")
        await tab.wait_joined()
        await check_page(tab.page, "call-without-devices")


async def test_full_room(tmp_path: Path, browser: CallBrowser) -> None:
    with Installation(tmp_path / "installation", environment={"MAX_PEERS_PER_ROOM": "1"}) as installation:
        screens = Screens(browser, installation.url)
        first = await screens.open("Mei Lin", join=True)
        second = await screens.open("Jonas Weber")
        await second.press("join")
        await second.page.wait_for_selector("[data-state=ended]")
        assert "full" in await second.page.inner_text("h1")
        await check_page(second.page, "room-full")

        await first.press("leave")
        await first.page.wait_for_selector("[data-state=ended]")
        await second.press("rejoin")
        await second.wait_joined()

        installation.signaling[0].kill()
        await second.page.wait_for_selector("[data-state=reconnecting]")
        await check_page(second.page, "reconnecting")
