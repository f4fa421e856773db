"""A media node drains under a call in browsers: the participants move before it ends, and notice nothing."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from e2e.calls import wait_frames
from e2e.prepared_calls import wait_prepared
from hubbub_client.api import ServerApi
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import MARKS, CallBrowser, Tab, chromium
from support.eventually import wait_for_counts
from support.firefox import PATH, firefox
from support.http_server import HttpServer, Quiet
from support.installation import SPREAD_OVER_NODES, Installation
from support.sdk_tab import SdkTab
from support.service_process import ServiceProcess
from support.tab_output import TabOutput, steady_devices

logger = logging.getLogger("drained-node")

FORMER_SDK = Path(__file__).parents[1] / "fixtures" / "sdk-before-make-before-break"
EXITED = "exited with status 0"
ENDS_WITHIN = 30.0
"""Seconds in which a node has drained."""
SETTLED = 3.0
"""Seconds after the move."""

# Firefox does not use loopback addresses.
ADDRESS = interface_address()

_SHOWN = "document.querySelector('.hb-tile:not([data-own]) video').getVideoPlaybackQuality().totalVideoFrames"
_HEARD = """(await hubbub.stats()).recv
  .find(({ type, kind }) => type === "inbound-rtp" && kind === "audio").totalAudioEnergy"""
# Firefox counts from zero for each track.
_COUNT = """(() => {
  globalThis.shown = 0;
  const video = document.querySelector(".hb-tile:not([data-own]) video");
  const count = () => video.requestVideoFrameCallback(count, (shown += 1));
  count();
})()"""

TOGETHER = {"nodes": 2}
APART = {"nodes": 2, "environment": SPREAD_OVER_NODES}


class FormerPage(HttpServer):
    """Serves a page with the SDK as it was before it could make new transports before the old ones end."""

    class Handler(Quiet, SimpleHTTPRequestHandler):
        pass

    def __init__(self) -> None:
        super().__init__(functools.partial(self.Handler, directory=str(FORMER_SDK)))


@pytest.fixture(scope="module")
def former_page() -> Iterator[FormerPage]:
    with FormerPage() as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def capturable_browser() -> AsyncIterator[CallBrowser]:
    async with chromium(capturable=True) as running:
        yield running


async def drain(api: ServerApi, installation: Installation, call_id: str, user: str) -> ServiceProcess:
    """Drains the node of this user. Returns its process."""
    [placement] = [peer.placement for peer in await api.peers(call_id) if peer.display_name == user]
    assert placement is not None
    await api.drain_node(placement.node_id)
    [process] = [each for each in installation.nodes if each.name == placement.node_id]
    return process


async def exited(process: ServiceProcess) -> str:
    """Waits until a node has ended, and says how."""
    async with asyncio.timeout(ENDS_WITHIN):
        while (how := process.exit_description()) is None:
            await asyncio.sleep(0.05)
    return how


async def open_steady(
    browser: CallBrowser, url: str, call_id: str, name: str, frequency: int, standby: str = "off"
) -> Tab:
    query = urlencode({"room": call_id, "name": name, "join": "", "subscribe": "all", "standby": standby})
    tab = await browser.open_page(f"{url}/?{query}", name, script=MARKS + steady_devices(frequency))
    await tab.wait_joined()
    return tab


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fresh_installation", [TOGETHER, APART], indirect=True, ids=["together", "apart"])
@pytest.mark.parametrize("standby", ["off", "on"])
async def test_nobody_notices(
    fresh_installation: Installation, capturable_browser: CallBrowser, call_id: str, tmp_path: Path, standby: str
) -> None:
    """The standbys are on the node to which everybody moves, or on the one that drains."""
    url = fresh_installation.url
    tabs = [
        await open_steady(capturable_browser, url, call_id, name, tone, standby)
        for name, tone in (("Ann", 500), ("Ben", 900))
    ]
    await asyncio.gather(tabs[0].wait_sees("Ben"), tabs[1].wait_sees("Ann"))
    if standby == "on":
        await wait_prepared(tabs)
    outputs = [TabOutput(tab) for tab in tabs]
    for output in outputs:
        await output.start()
    await asyncio.sleep(SETTLED)
    for output in outputs:
        await output.clear()
    await asyncio.sleep(SETTLED)
    await report("before", outputs)

    async with ServerApi(url) as api:
        process = await drain(api, fresh_installation, call_id, "Ann")
        assert await exited(process) == EXITED
        hosts = {peer.placement.node_id for peer in await api.peers(call_id) if peer.placement is not None}
    assert hosts == {node.name for node in fresh_installation.nodes} - {process.name}
    await report("moved", outputs)
    await asyncio.sleep(SETTLED)
    await report("after", outputs)
    for output in outputs:
        await output.tab.page.screenshot(path=tmp_path / f"{output.tab.name}.png")
        assert await output.noticed() == [], output.tab.name
    frames = [await shown(tab) for tab in tabs]
    async with asyncio.timeout(40):
        while any([await shown(tab) < before + 20 for tab, before in zip(tabs, frames, strict=True)]):
            await asyncio.sleep(0.1)
    await wait_for_counts(fresh_installation, rooms=1, peers=2, transports=4, producers=4, consumers=4)
    if standby == "on":
        process.start()
        await wait_prepared(tabs)
        for output in outputs:
            assert await output.noticed() == [], output.tab.name


async def report(when: str, outputs: list[TabOutput]) -> None:
    """Logs what was measured since the last report."""
    for output in outputs:
        gap, heard = await output.measure()
        width, height = await output.resolution()
        logger.info(
            "%s, %s in %.1f s: %.0f ms between two frames, %d ms silent, %d ms uneven, %dx%d",
            when,
            output.tab.name,
            heard.duration / 1000,
            gap * 1000,
            heard.silent,
            heard.uneven,
            width,
            height,
        )


async def shown(tab: Tab) -> int:
    """The number of frames of the other participant."""
    count: int = await tab.page.evaluate(_SHOWN)
    return count


@pytest.mark.parametrize("fresh_installation", [TOGETHER], indirect=True)
async def test_a_former_client_moves_when_the_node_ends(
    fresh_installation: Installation, browser: CallBrowser, former_page: FormerPage, call_id: str
) -> None:
    """Ben's client does not name the feature. Ann's moves before, and gets his media again."""
    url = fresh_installation.url
    query = urlencode({"server": url, "room": call_id, "name": "Ben"})
    ann = await browser.open_tab(url, call_id, "Ann", width=640, height=360)
    ben = await SdkTab.open(browser, f"{former_page.url}/index.html?{query}", "Ben")
    await asyncio.gather(ann.wait_sees("Ben"), ben.wait_frames("Ann"))
    await ann.page.evaluate("hubbub.call.on('reconnecting', (cause) => (globalThis.reconnecting = cause))")
    async with ServerApi(url) as api:
        process = await drain(api, fresh_installation, call_id, "Ben")
        assert await exited(process) == EXITED
        await ben.wait("seen.reconnected === 1 && call.state === 'connected'")
        assert await ben.evaluate("seen.causes") == ["transport"]
        hosts = {peer.placement.node_id for peer in await api.peers(call_id) if peer.placement is not None}
    assert hosts == {node.name for node in fresh_installation.nodes} - {process.name}
    await asyncio.gather(ann.wait_sees("Ben"), ben.wait_frames("Ann"))
    assert await ann.page.evaluate("globalThis.reconnecting ?? null") is None


@pytest.mark.skipif(not PATH.exists(), reason=f"no Firefox at {PATH}")
@pytest.mark.skipif(ADDRESS is None, reason="Firefox needs a network interface other than loopback")
@pytest.mark.parametrize(
    "fresh_installation", [{"nodes": 2, "environment": {"ANNOUNCED_IP": str(ADDRESS)}}], indirect=True
)
async def test_firefox_moves_too(
    fresh_installation: Installation, browser: CallBrowser, call_id: str, tmp_path: Path
) -> None:
    url = fresh_installation.url
    async with firefox(tmp_path / "profile") as fox:
        query = {"room": call_id, "name": "Fox", "join": "", "width": 640, "height": 360}
        await fox.open(f"{url}/?{urlencode(query)}")
        ann = await browser.open_tab(url, call_id, "Ann", width=640, height=360)
        await ann.wait_sees("Fox")
        await ann.wait_receives(["Fox"])
        await fox.wait_for("document.querySelector('.hb-tile:not([data-own]) video')?.videoWidth > 0")
        await fox.evaluate(_COUNT)
        await fox.evaluate("(hubbub.call.on('state', (state) => (globalThis.states ??= []).push(state)), null)")
        async with ServerApi(url) as api:
            process = await drain(api, fresh_installation, call_id, "Fox")
            assert await exited(process) == EXITED
        frames = await fox.evaluate("shown")
        await fox.wait_for(f"shown > {frames} + 20")
        await wait_frames(ann, "Fox", more=20)
        heard = await fox.evaluate(_HEARD)
        await fox.wait_for(f"{_HEARD} > {heard}")
        assert await fox.evaluate("globalThis.states ?? []") == []
