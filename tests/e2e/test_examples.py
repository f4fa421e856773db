"""The examples run: the React page and the plain JavaScript page are in one call."""

from pathlib import Path

from support.browser import CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.sdk_tab import SdkTab

_PLAYS = (
    "[...document.querySelectorAll('video')].some((video) => video.getVideoPlaybackQuality().totalVideoFrames > 10)"
)


async def test_react_and_plain_js_examples_exchange_video(
    installation: Installation, browser: CallBrowser, call_id: str, tmp_path: Path
) -> None:
    examples = REPOSITORY / "examples"
    (tmp_path / "plain").mkdir()
    (tmp_path / "react").mkdir()
    with (
        CrossOriginPage(examples / "plain-js", tmp_path / "plain") as plain,
        CrossOriginPage(examples / "react", tmp_path / "react") as react,
    ):
        ann = await SdkTab.open(browser, plain.address(installation.url, call_id, "Ann"), "Ann")
        ben = await browser.open_page(react.address(installation.url, call_id, "Ben"), "Ben")
        await ben.page.wait_for_function(_PLAYS, timeout=40_000)
        await ben.page.get_by_role("button", name="Camera").click()
        await ann.wait_frames("Ben")
