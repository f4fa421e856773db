"""Firefox and Chromium in one call decode each other's media."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hubbub_media_node.adapters.local_network import interface_address
from support.browser import CallBrowser
from support.firefox import PATH, firefox
from support.installation import Installation

# Firefox does not use loopback addresses. H264 is not tested, because Firefox downloads its encoder.
ADDRESS = interface_address()

_DECODED = """(async () => {
  const { recv } = await hubbub.stats();
  const video = recv.find((one) => one.type === "inbound-rtp" && one.kind === "video");
  const audio = recv.find((one) => one.type === "inbound-rtp" && one.kind === "audio");
  return { frames: video?.framesDecoded ?? 0, energy: audio?.totalAudioEnergy ?? 0, width: video?.frameWidth ?? 0 };
})()"""


@pytest.fixture(scope="module")
def reachable_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that Firefox can reach."""
    with Installation(tmp_path_factory.mktemp("reachable"), environment={"ANNOUNCED_IP": str(ADDRESS)}) as running:
        yield running


@pytest.mark.skipif(not PATH.exists(), reason=f"no Firefox at {PATH}")
@pytest.mark.skipif(ADDRESS is None, reason="Firefox needs a network interface other than loopback")
@pytest.mark.parametrize("codec", ["VP8", "VP9"])
async def test_firefox_and_chromium_exchange_media(
    reachable_installation: Installation, tmp_path: Path, browser: CallBrowser, call_id: str, codec: str
) -> None:
    url = reachable_installation.url
    async with firefox(tmp_path / "profile") as fox:
        query = {"room": call_id, "name": "Fox", "join": "", "width": 640, "height": 360, "codec": codec}
        await fox.open(f"{url}/?{urlencode(query)}")
        tab = await browser.open_tab(url, call_id, "Chrome", width=640, height=360, codec=codec)
        await tab.wait_sees("Fox")
        await tab.wait_receives(["Fox"])
        before, seen = await fox.evaluate(_DECODED), await tab.stats()
        async with asyncio.timeout(40):
            while True:
                await asyncio.sleep(0.5)
                after, now = await fox.evaluate(_DECODED), await tab.stats()
                if (
                    after["frames"] >= before["frames"] + 60
                    and after["energy"] > before["energy"]
                    and now.video_from["Fox"].frames >= seen.video_from["Fox"].frames + 60
                    and now.audio_from["Fox"].energy > seen.audio_from["Fox"].energy
                ):
                    break
        assert after["width"] > 0
