"""Every video codec is forwarded, and simulcast arrives as one continuous stream."""

import asyncio
from functools import partial

import pytest

from e2e.calls import Window, start_call
from support.browser import CallBrowser
from support.installation import Installation


@pytest.mark.parametrize("codec", [pytest.param("VP8", marks=pytest.mark.sample), "VP9", "H264", "AV1"])
async def test_codec_is_forwarded(installation: Installation, browser: CallBrowser, call_id: str, codec: str) -> None:
    tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], codec=codec, width=640, height=360)
    window = await Window.passing(tabs, 3, partial(Window.require_all_frames, share=0.9))
    for receiver, sender in window.pairs():
        assert window.after[receiver].video_from[sender].codec == f"video/{codec}"


async def test_simulcast_arrives_as_one_stream_without_loss(
    installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    parameters: dict[str, str | int] = {"codec": "VP8", "width": 1280, "height": 720}
    ann = await browser.open_tab(installation.url, call_id, "Ann", **parameters)
    ben = await browser.open_tab(installation.url, call_id, "Ben", width=320, height=180)
    await ben.wait_sees("Ann")
    async with asyncio.timeout(40):
        while sum(layer.frames > 0 for layer in (await ann.stats()).video_sent) < 2:
            await asyncio.sleep(0.2)
    # While it starts, the sender adds and drops layers, and each that it drops costs the receiver a moment.
    async with asyncio.timeout(40):
        while True:
            window = await Window.measure([ann, ben], 4)
            if window.decoded("Ben", "Ann") >= 0.9 * window.sent("Ann"):
                break

    layers = window.after["Ann"].video_sent
    assert len({layer.rid for layer in layers}) == 3
    assert sum(layer.frames > 0 for layer in layers) >= 2
    received = window.after["Ben"].video_from["Ann"]
    assert received.packets_lost == 0
    assert received.width in {layer.width for layer in layers}
