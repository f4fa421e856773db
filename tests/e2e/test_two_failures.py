"""Two media nodes die under a call in browsers whose clients have standbys: the call recovers as without a standby."""

from __future__ import annotations

import asyncio

import pytest

from e2e.calls import Window, wait_heard
from e2e.prepared_calls import kill_node_of, open_prepared, wait_left, wait_shown
from hubbub_client.api import ServerApi
from support.browser import CallBrowser, Tab
from support.bus_client import bus_client
from support.eventually import wait_for_counts
from support.installation import Installation

THREE = {"nodes": 3}
ONE_NODE = {"rooms": 1, "peers": 2, "producers": 4, "transports": 4, "consumers": 4}
"""What is left when nobody can have a standby."""


async def require_whole_call(installation: Installation, tabs: list[Tab]) -> None:
    """Both are seen and heard, are connected, and nothing of the dead nodes is left."""
    await wait_shown(*tabs)
    for tab in tabs:
        await tab.page.wait_for_function("hubbub.call.state === 'connected'", timeout=40_000)
    await wait_for_counts(installation, within=30, **ONE_NODE)
    await Window.passing(tabs, 2, Window.require_all_frames)
    await asyncio.gather(wait_heard(tabs[0], "Ben", heard=True), wait_heard(tabs[1], "Ann", heard=True))
    for tab in tabs:
        noticed = await tab.page.evaluate("noticed")
        assert [each for each in noticed if each.startswith(("error", "left"))] == [], tab.name


async def homes_and_standbys(installation: Installation, call_id: str) -> tuple[set[str], set[str]]:
    """The nodes of the peers, and those of their standbys."""
    async with bus_client(installation) as bus:
        peers = (await bus.room(call_id)).peers
    homes = {peer.placement.node_id for peer in peers if peer.placement is not None}
    standbys = {peer.standby.placement.node_id for peer in peers if peer.standby is not None}
    return homes, standbys


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fresh_installation", [THREE], indirect=True)
async def test_the_next_node_dies_before_there_is_another_standby(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    tabs = await open_prepared(browser, fresh_installation.url, call_id)
    async with ServerApi(fresh_installation.url) as api:
        first = await kill_node_of(api, fresh_installation, call_id, "Ann")
        await wait_left(api, call_id, first)
        assert not await tabs[0].page.evaluate("hubbub.call.hasStandby")
        second = await kill_node_of(api, fresh_installation, call_id, "Ann")
        await wait_left(api, call_id, second)
    await require_whole_call(fresh_installation, tabs)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fresh_installation", [THREE], indirect=True)
async def test_the_standby_dies_with_the_home(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    tabs = await open_prepared(browser, fresh_installation.url, call_id)
    homes, standbys = await homes_and_standbys(fresh_installation, call_id)
    assert len(homes) == 1
    dying = homes | {min(standbys)}
    for node in fresh_installation.nodes:
        if node.name in dying:
            node.kill()
    await require_whole_call(fresh_installation, tabs)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
@pytest.mark.parametrize("returning", ["home", "standby"])
async def test_all_nodes_die_and_one_returns(
    fresh_installation: Installation, browser: CallBrowser, call_id: str, returning: str
) -> None:
    tabs = await open_prepared(browser, fresh_installation.url, call_id)
    homes, standbys = await homes_and_standbys(fresh_installation, call_id)
    for node in fresh_installation.nodes:
        node.kill()
    (name,) = homes if returning == "home" else standbys
    next(node for node in fresh_installation.nodes if node.name == name).start()
    await require_whole_call(fresh_installation, tabs)
