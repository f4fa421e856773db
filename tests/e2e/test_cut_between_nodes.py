"""Two people are on two media nodes that do not reach each other: each sees that, until they do again."""

import asyncio
from pathlib import Path

import pytest

from e2e.calls import start_call, wait_frames
from support.browser import CallBrowser
from support.caller import Caller
from support.installation import Installation
from support.udp_cut import INTERNAL_IP, udp_cut

SMALL = {"width": 320, "height": 180}
TWO_PER_NODE = {"nodes": 2, "environment": {"ROOM_PEERS_PER_NODE": "2", "INTERNAL_IP": INTERNAL_IP}}
CUT_OFF = ".hb-tile:not([data-own]) .hb-tile-unreachable"


@pytest.mark.parametrize("fresh_installation", [TWO_PER_NODE], indirect=True)
async def test_a_tile_says_who_cannot_be_reached(
    fresh_installation: Installation, browser: CallBrowser, call_id: str, tmp_path: Path
) -> None:
    url = fresh_installation.url
    async with Caller(url) as first, Caller(url) as second:
        [ann] = await start_call(browser, url, call_id, ["Ann"], **SMALL)
        await first.join(call_id, userId="first")
        await second.join(call_id, userId="second")
        ports = [(await peer.transport("send")).node_port for peer in (first, second)]
        async with udp_cut(*ports) as way:
            [ben] = await start_call(browser, url, call_id, ["Ben"], **SMALL)
            tabs = [ann, ben]
            await asyncio.gather(ann.wait_receives({"Ben"}), ben.wait_receives({"Ann"}))
            assert way.carried > 0
            way.is_cut = True
            for tab in tabs:
                await tab.page.wait_for_selector(CUT_OFF, timeout=10_000)
                assert await tab.page.locator(CUT_OFF).inner_text() == "Cannot be reached at the moment"
                assert await tab.page.locator(".hb-tile-unreachable").count() == 1
                assert await tab.page.locator(".hb-tile-lost").count() == 0
            await ben.page.screenshot(path=tmp_path / "cut-off.png")
            way.is_cut = False
            await asyncio.gather(*(tab.page.wait_for_selector(CUT_OFF, state="detached") for tab in tabs))
            await asyncio.gather(wait_frames(ann, "Ben"), wait_frames(ben, "Ann"))
