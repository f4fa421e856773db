"""A browser sees and hears what FFmpeg publishes by WHIP."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from support import whip_ffmpeg
from support.browser import CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.sdk_tab import SdkTab


@pytest.mark.sample
async def test_a_browser_sees_what_ffmpeg_publishes(
    installation: Installation, browser: CallBrowser, tmp_path: Path, call_id: str
) -> None:
    with CrossOriginPage(REPOSITORY / "examples" / "plain-js", tmp_path) as page:
        ann = await SdkTab.open(browser, page.address(installation.url, call_id, "Ann"), "Ann")
        async with whip_ffmpeg.publishing(f"{installation.url}/whip/{quote(call_id)}?name=Camera", ""):
            await ann.wait_frames("Camera")
