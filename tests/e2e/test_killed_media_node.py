"""The media node of a call is killed: the call continues on another node, and no object of the old one remains.

`tests/load/bench_failover.py` measures the interruption.
"""

import asyncio

import pytest

from e2e.calls import Window, start_call, wait_frames
from e2e.prepared_calls import kill_node_of, wait_left, wait_prepared
from hubbub_client.api import ServerApi
from support.browser import CallBrowser
from support.eventually import wait_for_stats
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

    async with ServerApi(fresh_installation.url) as api:
        victim = await kill_node_of(api, fresh_installation, call_id, "Ann")
        await wait_left(api, call_id, victim)
    await wait_complete(fresh_installation)
    await asyncio.gather(wait_frames(tabs[0], "Ben"), wait_frames(tabs[1], "Ann"))
    await Window.passing(tabs, 2, Window.require_all_frames)
    await wait_complete(fresh_installation)
    takeovers = scrape(fresh_installation, without=1).total("hubbub_standby_takeovers_total")
    assert takeovers == (2 if standby == "on" else 0)


async def wait_complete(installation: Installation) -> None:
    """Waits until both tabs send two tracks each and receive the other's, and nothing else is left."""
    await wait_for_stats(installation, {"peers": 2, "producers": 4, "consumers": 4, "transports": 4}, within=40)
