"""A media node dies under a call in browsers whose clients have a standby: the call goes on over it.

`tests/load/bench_failover.py` measures the interruption.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlencode

import pytest

from e2e.calls import Window, wait_heard
from e2e.prepared_calls import (
    PREPARED_WITHIN,
    WATCH,
    kill_node_of,
    open_prepared,
    placements,
    wait_left,
    wait_prepared,
    wait_shown,
)
from hubbub_client.api import ServerApi
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import CallBrowser
from support.eventually import wait_for_counts
from support.firefox import PATH, firefox
from support.installation import SPREAD_OVER_NODES, Installation

LONGEST_INTERRUPTION = 4.0
"""Seconds. On a quiet machine it takes 0.5 s; without a standby 1 s and more."""

# Firefox does not use loopback addresses.
ADDRESS = interface_address()

TOGETHER = {"nodes": 2}
APART = {"nodes": 3, "environment": SPREAD_OVER_NODES}

# Packets of media that the connections of the standby have sent and received.
_IDLE_PACKETS = """async () => {
  const { send, recv } = await hubbub.stats();
  const isStream = ({ type }) => type === "outbound-rtp" || type === "inbound-rtp";
  const used = new Set([...send, ...recv].filter(isStream).map(({ ssrc }) => ssrc));
  let [streams, packets] = [0, 0];
  for (const connection of connections) {
    if (connection.connectionState !== "connected") continue;
    const reports = [...(await connection.getStats()).values()];
    for (const { ssrc, packetsSent = 0, packetsReceived = 0 } of reports.filter(isStream)) {
      if (used.has(ssrc)) continue;
      streams += 1;
      packets += packetsSent + packetsReceived;
    }
  }
  return [connections.filter(({ connectionState }) => connectionState === "connected").length, streams, packets];
}"""
# Firefox counts from zero for each track.
_COUNT = """(() => {
  globalThis.shown = 0;
  const video = document.querySelector(".hb-tile:not([data-own]) video");
  const count = () => video.requestVideoFrameCallback(count, (shown += 1));
  count();
})()"""
_HEARD = """(await hubbub.stats()).recv
  .find(({ type, kind }) => type === "inbound-rtp" && kind === "audio").totalAudioEnergy"""
# Encodings that a standby stopped in the first 1.5 s after it had begun to send.
_STOPPED = """() => {
  const [begun, before, stopped] = [new Map(), new Map(), []];
  for (const { sender, time, sent } of switches) {
    if (!begun.has(sender)) begun.set(sender, time);
    const is = before.get(sender)?.some((was, index) => was && !sent[index]);
    if (is && time - begun.get(sender) < 1500) stopped.push([time - begun.get(sender), before.get(sender), sent]);
    before.set(sender, sent);
  }
  return [begun.size, stopped];
}"""
_CAMERAS = "[...hubbub.call.local.publications.values()].map(({ track }) => track.readyState)"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fresh_installation", [TOGETHER, APART], indirect=True, ids=["together", "apart"])
async def test_the_standby_takes_over_when_the_node_is_killed(
    fresh_installation: Installation, browser: CallBrowser, call_id: str, tmp_path: Path
) -> None:
    tabs = await open_prepared(browser, fresh_installation.url, call_id)
    for tab in tabs:
        connections, streams, packets = await tab.page.evaluate(_IDLE_PACKETS)
        assert (connections, packets) == (4, 0), tab.name
        assert streams >= 2, tab.name
        await tab.page.evaluate("switches.length = 0")
        await tab.longest_gap()

    async with ServerApi(fresh_installation.url) as api:
        homes = await placements(api, call_id)
        victim = await kill_node_of(api, fresh_installation, call_id, "Ann")
        await wait_shown(*tabs)
        gaps = [await tab.longest_gap() for tab in tabs]
        assert victim.name not in (await placements(api, call_id)).values()
    for tab in tabs:
        await tab.page.screenshot(path=tmp_path / f"{tab.name}.png")
        assert await tab.page.evaluate("noticed") == [], tab.name
        begun, stopped = await tab.page.evaluate(_STOPPED)
        assert begun == 2 or homes[tab.name] != victim.name, tab.name
        assert stopped == [], tab.name
    assert max(gaps) < LONGEST_INTERRUPTION
    await Window.passing(tabs, 2, Window.require_all_frames)
    await asyncio.gather(wait_heard(tabs[0], "Ben", heard=True), wait_heard(tabs[1], "Ann", heard=True))


@pytest.mark.timeout(700)
@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
async def test_what_was_changed_before_and_afterwards_holds(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    """A camera that was off when the node died, and another standby after the first one was used."""
    ann, ben = tabs = await open_prepared(browser, fresh_installation.url, call_id)
    await ann.page.evaluate("hubbub.call.local.setMicrophone(false)")
    await ben.page.evaluate("hubbub.call.local.setCamera(false)")
    await asyncio.gather(ben.wait_muted("Ann", True), ann.wait_camera_off("Ben", True))
    await wait_prepared(tabs)

    async with ServerApi(fresh_installation.url) as api:
        for _ in range(2):
            victim = await kill_node_of(api, fresh_installation, call_id, "Ann")
            await wait_shown(ben)
            victim.start()
            await asyncio.to_thread(fresh_installation.wait_ready)
            await wait_prepared(tabs)
    await asyncio.gather(ben.wait_muted("Ann", True), ann.wait_camera_off("Ben", True))
    await ann.page.evaluate("hubbub.call.local.setMicrophone(true)")
    await ben.page.evaluate("hubbub.call.local.setCamera(true)")
    await asyncio.gather(ben.wait_receives(["Ann"]), wait_shown(ann))
    await wait_heard(ben, "Ann", heard=True)
    for tab in tabs:
        assert await tab.page.evaluate("noticed") == [], tab.name
        assert await tab.page.evaluate(_CAMERAS) == ["live", "live"]
    for tab in tabs:
        # Nothing holds the camera once it is not sent any more.
        await tab.page.evaluate("(globalThis.camera = hubbub.call.local.publications.get('camera').track, null)")
        await tab.page.evaluate("hubbub.call.local.unpublish('camera')")
        assert await tab.page.evaluate("camera.readyState") == "ended"


@pytest.mark.timeout(400)
@pytest.mark.skipif(not PATH.exists(), reason=f"no Firefox at {PATH}")
@pytest.mark.skipif(ADDRESS is None, reason="Firefox needs a network interface other than loopback")
@pytest.mark.parametrize(
    "fresh_installation", [{"nodes": 2, "environment": {"ANNOUNCED_IP": str(ADDRESS)}}], indirect=True
)
async def test_firefox_has_a_standby_too(
    fresh_installation: Installation, browser: CallBrowser, call_id: str, tmp_path: Path
) -> None:
    url = fresh_installation.url
    async with firefox(tmp_path / "profile") as fox:
        query = {"room": call_id, "name": "Fox", "join": "", "width": 640, "height": 360}
        await fox.open(f"{url}/?{urlencode(query)}")
        ann = await browser.open_tab(url, call_id, "Ann", width=640, height=360)
        await ann.wait_sees("Fox")
        await fox.wait_for("document.querySelector('.hb-tile:not([data-own]) video')?.videoWidth > 0")
        await fox.wait_for("hubbub.call.hasStandby", timeout=PREPARED_WITHIN)
        await wait_prepared([ann])
        await fox.evaluate("(hubbub.call.on('state', (state) => (globalThis.states ??= []).push(state)), null)")
        await fox.evaluate(_COUNT)
        async with ServerApi(url) as api:
            await kill_node_of(api, fresh_installation, call_id, "Fox")
        await wait_shown(ann)
        frames = await fox.evaluate("shown")
        await fox.wait_for(f"shown > {frames} + 20")
        heard = await fox.evaluate(_HEARD)
        await fox.wait_for(f"{_HEARD} > {heard}")
        assert await fox.evaluate("globalThis.states ?? []") == []


@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
async def test_without_a_standby_the_call_reconnects(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    url = fresh_installation.url
    tabs = [await browser.open_tab(url, call_id, name, width=640, height=360, standby="off") for name in ("Ann", "Ben")]
    await asyncio.gather(tabs[0].wait_sees("Ben"), tabs[1].wait_sees("Ann"))
    for tab in tabs:
        await tab.page.evaluate(WATCH)
    async with ServerApi(url) as api:
        await kill_node_of(api, fresh_installation, call_id, "Ann")
    await wait_shown(*tabs)
    for tab in tabs:
        assert "state: reconnecting" in await tab.page.evaluate("noticed")


@pytest.mark.timeout(700)
@pytest.mark.parametrize("fresh_installation", [{"nodes": 2, "environment": {"NODE_SILENCE": "2"}}], indirect=True)
async def test_a_node_that_stood_still_disturbs_nobody_when_it_goes_on(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    tabs = await open_prepared(browser, fresh_installation.url, call_id)
    async with ServerApi(fresh_installation.url) as api:
        homes = await placements(api, call_id)
        frozen = next(node for node in fresh_installation.nodes if node.name == homes["Ann"])
        frozen.freeze()
        try:
            await wait_left(api, call_id, frozen)
            await wait_shown(*tabs)
        finally:
            frozen.thaw()
        await wait_shown(*tabs)
        await wait_prepared(tabs)
        assert frozen.name not in (await placements(api, call_id)).values()
    await asyncio.gather(wait_heard(tabs[0], "Ben", heard=True), wait_heard(tabs[1], "Ann", heard=True))
    for tab in tabs:
        assert await tab.page.evaluate("noticed") == [], tab.name


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)
async def test_the_node_of_the_standbys_drains(
    fresh_installation: Installation, browser: CallBrowser, call_id: str
) -> None:
    tabs = await open_prepared(browser, fresh_installation.url, call_id)
    async with ServerApi(fresh_installation.url) as api:
        homes = set((await placements(api, call_id)).values())
        (other,) = [node for node in fresh_installation.nodes if node.name not in homes]
        await api.drain_node(other.name)
        async with asyncio.timeout(40):
            while other.exit_description() is None:
                await asyncio.sleep(0.05)
    for tab in tabs:
        await tab.page.wait_for_function("!hubbub.call.hasStandby", timeout=40_000)
    await wait_for_counts(fresh_installation, rooms=1, peers=2, transports=4, producers=4, consumers=4)
    await wait_shown(*tabs)
    for tab in tabs:
        assert await tab.page.evaluate("noticed") == [], tab.name
