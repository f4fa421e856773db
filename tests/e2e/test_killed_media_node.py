"""The media node of a call is killed: the call continues on another node, and no object of the old one remains."""

import asyncio

import pytest

from e2e.calls import Window, start_call
from support.browser import CallBrowser
from support.installation import Installation

LIMIT = 2.0
"""The allowed time between two frames in seconds."""


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2, "registries": 2}], indirect=True)
async def test_call_continues_after_its_media_node_is_killed(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    tabs = await start_call(browser, fresh_installation.url, call_id, ["Ann", "Ben"], width=640, height=360)
    await asyncio.sleep(2)
    before = fresh_installation.stats()
    victim = next(worker["nodeId"] for worker in before["workers"] if worker["peers"])
    for tab in tabs:
        await tab.longest_gap()

    next(node for node in fresh_installation.nodes if node.name == victim).kill()
    await asyncio.sleep(5)
    for tab in tabs:
        assert await tab.longest_gap() <= LIMIT
    window = await Window.measure(tabs, 2)
    window.require_all_frames()
    after = fresh_installation.stats()
    assert [after[key] for key in ("peers", "producers", "consumers", "transports")] == [2, 4, 4, 4]
