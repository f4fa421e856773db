"""The media node of a call is killed: the call continues on another node, and no object of the old one remains.

`tests/load/bench_failover.py` measures the interruption.
"""

import asyncio

import pytest

from e2e.calls import Window, start_call, wait_frames
from e2e.prepared_calls import wait_prepared
from support.browser import CallBrowser
from support.installation import Installation
from support.scrape import scrape


@pytest.mark.sample
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fresh_installation", [{"nodes": 2, "registries": 2, "metrics": True}], indirect=True)
@pytest.mark.parametrize("standby", ["off", "on"])
async def test_call_continues_after_its_media_node_is_killed(
    fresh_installation: Installation, browser: CallBrowser, call_id: str, standby: str
) -> None:
    size = {"width": 640, "height": 360}
    tabs = await start_call(browser, fresh_installation.url, call_id, ["Ann", "Ben"], **size, standby=standby)
    if standby == "on":
        await wait_prepared(tabs)
    victim = host_of(fresh_installation)

    next(node for node in fresh_installation.nodes if node.name == victim).kill()
    async with asyncio.timeout(40):
        while await asyncio.to_thread(host_of, fresh_installation) in {None, victim} or not is_complete(
            fresh_installation
        ):
            await asyncio.sleep(0.2)
    await asyncio.gather(wait_frames(tabs[0], "Ben"), wait_frames(tabs[1], "Ann"))
    await Window.passing(tabs, 2, Window.require_all_frames)
    async with asyncio.timeout(40):
        while not await asyncio.to_thread(is_complete, fresh_installation):
            await asyncio.sleep(0.2)
    takeovers = scrape(fresh_installation, without=1).total("hubbub_standby_takeovers_total")
    assert takeovers == (2 if standby == "on" else 0)


def host_of(installation: Installation) -> str | None:
    """The node with the call's peers."""
    return next((worker["nodeId"] for worker in installation.stats()["workers"] if worker["peers"]), None)


def is_complete(installation: Installation) -> bool:
    """Whether both tabs have their transports, send two tracks each and receive the other's."""
    stats = installation.stats()
    return [stats[key] for key in ("peers", "producers", "consumers", "transports")] == [2, 4, 4, 4]
