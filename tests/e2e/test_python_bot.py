"""A bot made with the Python SDK and a browser see and hear each other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hubbub_client import Call
from support.browser import CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.python_sdk import WITHIN, publication_of, until
from support.sdk_tab import SdkTab
from support.tracks import PictureTrack, ToneTrack


@pytest.mark.sample
async def test_a_bot_and_a_browser_see_and_hear_each_other(
    installation: Installation, browser: CallBrowser, tmp_path: Path, call_id: str
) -> None:
    with CrossOriginPage(REPOSITORY / "examples" / "plain-js", tmp_path) as page:
        async with Call(installation.url, call_id, "Bot") as bot:
            await bot.local.publish(ToneTrack(), "microphone")
            await bot.local.publish(PictureTrack(320, 240), "camera")
            ann = await SdkTab.open(browser, page.address(installation.url, call_id, "Ann"), "Ann")
            await ann.wait_frames("Bot")
            await ann.wait("[...call.participants.values()].some((one) => one.speaking && one.level > 0.1)")

            camera = await publication_of(bot, "Ann", "camera")
            microphone = await publication_of(bot, "Ann", "microphone")
            async with asyncio.timeout(WITHIN), camera.video_frames() as pictures, microphone.frames() as sound:
                shown = [await anext(pictures) for _ in range(10)]
                assert all(one.width > one.height for one in shown)
                assert (await anext(sound)).audio_level is not None
            await until(lambda: any(one.speaking for one in bot.participants.values()))
