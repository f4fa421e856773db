"""Two people ring, talk, record, read captions and hang up; then the recording plays in a browser."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, expect

from e2e.page_checks import PORTRAITS, TAKE_SCREENSHOTS, check_page
from e2e.test_chat_page import Chats, ring, room
from e2e.test_recording import BANNER, RECORD
from support.browser import WAIT_TIMEOUT, CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.known_speech import recording, word_error_rate
from support.recordings import Recordings

_MICROPHONE = (Path(__file__).parents[1] / "support" / "spoken_microphone.js").read_text()
_PLAYS = (
    "[...document.querySelectorAll('.hb-tile:not([data-own]) video')]"
    ".some((video) => video.getVideoPlaybackQuality().totalVideoFrames > 10)"
)
_EVERYBODY_PLAYS = """() => {
  const videos = [...document.querySelectorAll(".hb-player video")];
  const plays = (video) => video.currentTime > 2 && video.getVideoPlaybackQuality().totalVideoFrames > 10;
  return videos.length === 2 && videos.every(plays);
}"""
_TIMES = """() => [...document.querySelectorAll(".hb-player :is(audio, video)")]
  .map((element) => element.currentTime + Number(element.dataset.start))"""
_SYNC_TOLERANCE = 0.2
"""Seconds between the elements' positions on the time line."""


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[Installation]:
    """An installation with all services."""
    with Installation(tmp_path / "installation", calls=1, captions=1, recorders=1) as running:
        yield running


def with_speech() -> str:
    """The script of a tab whose microphone hears the known recording."""
    wav = json.dumps(base64.b64encode(recording().read_bytes()).decode())
    portraits = PORTRAITS if TAKE_SCREENSHOTS else ""
    return f"{{ const RECORDING = {wav}; {portraits} {_MICROPHONE} }}"


async def test_a_call_from_its_ring_to_its_recording(
    everything: Installation, browser: CallBrowser, tmp_path: Path, call_id: str
) -> None:
    (tmp_path / "page").mkdir()
    with CrossOriginPage(REPOSITORY / "examples" / "chat-page", tmp_path / "page") as chat_page:
        chats = Chats(browser, chat_page, everything.url, call_id[-12:])
        ann, ben = [await chats.open(name, script=with_speech()) for name in ("Ann", "Ben")]

        await chats.call(ann, "Ben")
        await ring(ben).get_by_role("button", name="Accept with camera").click()
        for page in (ann, ben):
            await page.wait_for_function(_PLAYS, timeout=WAIT_TIMEOUT * 1000)

        await ann.click(RECORD)
        for page in (ann, ben):
            await page.wait_for_selector(BANNER)
        await check_page(ben, "chat-recorded")

        await ben.click("[data-action=captions]")
        await ann.evaluate("speak()")
        words = re.compile("Ann.*(tried|failed|again|better)", re.IGNORECASE)
        await expect(ben.locator(".hb-captions")).to_contain_text(words, timeout=WAIT_TIMEOUT * 1000)
        await check_page(ben, "chat-captions")

        async with aiohttp.ClientSession() as http:
            recordings = Recordings(everything, http)
            [recording_id] = [one["recordingId"] for one in (await recordings.ask("GET"))["recordings"]]
            await recordings.written(recording_id, 20_000, "camera", "microphone")
            await transcribed(recordings.installation.recordings / recording_id / "captions.vtt")
            await ben.get_by_role("button", name="Leave").click()
            for page in (ann, ben):
                await expect(room(page)).to_have_count(0)
            manifest = await recordings.finished(recording_id)
        assert manifest.captions is not None
        await watch(ben, everything.url, recording_id)


async def transcribed(captions: Path) -> None:
    """Waits until the file has most of the words that were said, as Ann's."""
    async with asyncio.timeout(60):
        while word_error_rate(_said_by_ann(captions)) > 0.5:
            await asyncio.sleep(0.1)


def _said_by_ann(captions: Path) -> str:
    """The text of her cues in the WebVTT file; empty without one."""
    lines = captions.read_text().splitlines() if captions.exists() else []
    return " ".join(line.removeprefix("<v Ann>") for line in lines if line.startswith("<v Ann>"))


async def watch(page: Page, url: str, recording_id: str) -> None:
    """Finds the recording in the list, and plays it with captions."""
    await page.goto(f"{url}/?recordings")
    link = page.locator(".recordings-list a")
    await link.locator("video").wait_for()
    if TAKE_SCREENSHOTS:
        await page.wait_for_function("document.querySelector('.recordings-list video').readyState >= 2")
        await page.screenshot(path=REPOSITORY / "docs" / "images" / "recordings.png")
    await link.click()
    await page.get_by_role("button", name="Play").click()
    await page.wait_for_function(_EVERYBODY_PLAYS, timeout=WAIT_TIMEOUT * 1000)
    await expect(page.locator(".hb-captions")).to_contain_text("Ann", timeout=WAIT_TIMEOUT * 1000)
    assert recording_id in page.url
    if TAKE_SCREENSHOTS:
        await page.screenshot(path=REPOSITORY / "docs" / "images" / "recording-played.png")
    await page.get_by_role("button", name="Pause").click()
    times = await page.evaluate(_TIMES)
    assert max(times) - min(times) < _SYNC_TOLERANCE, f"the files of one person are apart: {times}"
