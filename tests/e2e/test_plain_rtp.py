"""A browser sees a file that FFmpeg publishes over a plain transport."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubbub_client import Call
from support import ffmpeg
from support.browser import CallBrowser
from support.bus_client import bus_client
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.plain_rtp import PlainServer
from support.sdk_tab import SdkTab

SSRC, PAYLOAD_TYPE = 123_456, 96


@pytest.mark.sample
async def test_a_browser_sees_the_published_file(
    installation: Installation, browser: CallBrowser, tmp_path: Path, call_id: str
) -> None:
    video = tmp_path / "video.webm"
    ffmpeg.write_video(video)
    with CrossOriginPage(REPOSITORY / "examples" / "plain-js", tmp_path) as page:
        async with bus_client(installation) as bus, Call(installation.url, call_id, "Server") as call:
            server = await PlainServer.join(bus, call, call_id)
            transport = await server.create_transport(comedia=True, rtcp_mux=False)
            assert transport.rtcp_port is not None
            await server.produce_video(transport.transport_id, ssrc=SSRC, payload_type=PAYLOAD_TYPE)
            address = (transport.ip, transport.port, transport.rtcp_port)
            with ffmpeg.publishing(video, address, ssrc=SSRC, payload_type=PAYLOAD_TYPE):
                ann = await SdkTab.open(browser, page.address(installation.url, call_id, "Ann"), "Ann")
                await ann.wait_frames("Server")
