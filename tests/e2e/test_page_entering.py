"""Starting, joining and leaving calls through the page's controls."""

import re

import pytest

from e2e.calls import start_call
from support.browser import CallBrowser, chromium
from support.installation import Installation

SMALL = {"width": 320, "height": 180}


@pytest.mark.sample
async def test_call_is_started_and_joined_by_link(installation: Installation, browser: CallBrowser) -> None:
    ann = await browser.open_page(
        f"{installation.url}/", "Ann", permissions=["clipboard-read", "clipboard-write", "camera", "microphone"]
    )
    await ann.press("start")
    await ann.page.fill("[name=name]", "Ann")
    await ann.press("join")
    await ann.wait_joined()
    await ann.page.locator(".hb-header [data-action=invite]").click()
    link = await ann.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"{installation.url}/\?room=[a-z]{{4}}(-[a-z]{{4}}){{3}}", link)

    # Ben pastes it as others wrote it: in a sentence, without the scheme, in capitals, with a zero-width space.
    host, room = link.removeprefix("http://").split("/?room=")
    ben = await browser.open_page(f"{installation.url}/", "Ben")
    await ben.page.fill("[name=room]", f"Join <{host}/?room={room.upper()}\u200b>, please.")
    await ben.page.keyboard.press("Enter")
    await ben.page.fill("[name=name]", "Ben")
    await ben.page.click("[data-action=camera][aria-pressed=true]")
    await ben.page.wait_for_selector("[data-action=camera][aria-pressed=false][aria-busy=false]")
    await ben.press("join")
    await ben.wait_sees("Ann")
    # A camera that was disabled before the call stays disabled in it, and can be enabled.
    await ann.wait_present("Ben")
    await ann.wait_camera_off("Ben", True)
    await ben.press("camera")
    await ann.wait_sees("Ben")


async def test_participant_rejoins_after_leaving(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.press("leave")
    await ann.wait_gone("Ben", timeout=10)
    await ben.press("rejoin")
    await ben.wait_sees("Ann")
    await ann.wait_sees("Ben")


async def test_home_link_leaves_the_call(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.page.click(".brand")
    await ben.page.wait_for_selector("[data-action=start]")
    await ann.wait_gone("Ben", timeout=10)
    # The camera is released.
    assert await ben.page.evaluate("hubbub.call.state") == "ended"


async def test_participant_without_camera_joins(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    async with chromium(cameras=0) as without:
        ben = await without.open_page(f"{installation.url}/?room={call_id}&name=Ben", "Ben")
        assert "Camera: None was found." in await ben.problem()
        await ben.press("join")
        await ben.wait_sees("Ann")
        await ann.wait_present("Ben")
        await ann.wait_camera_off("Ben", True)
        await ann.wait_muted("Ben", False)
        # Enabling it shows the same message and has no other effect.
        await ben.press("camera")
        assert "Camera: None was found." in await ben.problem()
        await ann.wait_present("Ben")


async def test_camera_is_switched_in_the_call(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    [ann] = await start_call(browser, installation.url, call_id, ["Ann"], **SMALL)
    device = "hubbub.call.local.publications.get('camera').track.getSettings().deviceId"
    async with chromium(cameras=2) as two:
        ben = await two.open_tab(installation.url, call_id, "Ben", **SMALL)
        await ann.wait_sees("Ben")
        before = await ben.page.evaluate(device)
        await ben.press("settings")
        camera = ben.page.get_by_label("Camera", exact=True).and_(ben.page.locator("select"))
        await ben.page.wait_for_function("document.querySelector('.hb-settings select').options.length === 2")
        await camera.select_option(index=1)
        await ben.page.wait_for_function(f"{device} !== {before!r}")
        seen = (await ann.stats()).video_from["Ben"].frames
        await ann.page.wait_for_function(
            """async (seen) => {
              const { recv } = await hubbub.stats();
              return recv.some((one) => one.kind === "video" && one.type === "inbound-rtp" && one.framesDecoded > seen);
            }""",
            arg=seen + 10,
            polling=200,
        )


async def test_all_controls_work_by_keyboard(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    ann, ben = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], **SMALL)
    await ben.page.keyboard.press("Alt+KeyM")
    await ann.wait_muted("Ben", True)
    await ben.page.focus("[data-action=microphone]")
    await ben.page.keyboard.press("Enter")
    await ann.wait_muted("Ben", False)
    await ben.page.keyboard.press("Alt+KeyV")
    await ann.wait_camera_off("Ben", True)

    await ben.page.focus("[data-action=people]")
    await ben.page.keyboard.press("Enter")
    await ben.page.wait_for_function("document.activeElement.matches('.hb-panel')")
    await ben.page.keyboard.press("Escape")
    await ben.page.wait_for_function("document.activeElement.matches('[data-action=people]')")

    await ben.page.focus("[data-action=leave]")
    await ben.page.keyboard.press("Enter")
    await ann.wait_gone("Ben", timeout=10)
    # The focus moves to the new heading.
    await ben.page.wait_for_function("document.activeElement.matches('.hb-ended h1')")
