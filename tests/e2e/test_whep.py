"""A player in plain JavaScript watches a room by WHEP."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.browser import CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.sdk_tab import SdkTab

_SHOWN = "video.getVideoPlaybackQuality().totalVideoFrames"
_HEARD = """async () => {
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  audio.createMediaStreamSource(video.srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  for (;;) {
    analyser.getFloatTimeDomainData(samples);
    if (samples.some((sample) => Math.abs(sample) > 0.01)) return audio.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}"""


async def test_a_viewer_sees_and_hears_a_room_and_nobody_sees_the_viewer(
    installation: Installation, browser: CallBrowser, tmp_path: Path, call_id: str
) -> None:
    examples = REPOSITORY / "examples"
    for name in ("player", "people"):
        (tmp_path / name).mkdir()
    with (
        CrossOriginPage(examples / "whep-player", tmp_path / "player") as player,
        CrossOriginPage(examples / "plain-js", tmp_path / "people") as people,
    ):
        ann = await SdkTab.open(browser, people.address(installation.url, call_id, "Ann"), "Ann")
        viewer = (await browser.open_page(player.address(installation.url, call_id, "Viewer"), "Viewer")).page
        await viewer.wait_for_function(f"{_SHOWN} > 10", timeout=40_000)
        async with asyncio.timeout(40):
            await viewer.evaluate(_HEARD)
        assert await ann.evaluate("call.participants.size") == 0

        # Another one takes the place of who leaves, in the same media section.
        ben = await SdkTab.open(browser, people.address(installation.url, call_id, "Ben"), "Ben")
        await ann.evaluate("call.leave()")
        await ben.wait("call.participants.size === 0")
        shown = await viewer.evaluate(_SHOWN)
        await viewer.wait_for_function(f"{_SHOWN} > {shown} + 20", timeout=40_000)
        async with asyncio.timeout(40):
            await viewer.evaluate(_HEARD)

        await viewer.close(run_before_unload=True)
        async with asyncio.timeout(40):
            while installation.stats()["consumers"] > 0:
                await asyncio.sleep(0.05)
