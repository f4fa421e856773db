"""Calls of two in browsers whose clients have a standby each (ADR 51)."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from hubbub_client.api import ServerApi
from support.browser import MARKS, CallBrowser, Tab
from support.installation import Installation
from support.service_process import ServiceProcess

PREPARED_WITHIN = 200.0
"""Seconds until a client has a standby: 7 s. When the first attempt fails, the client asks again 30 to 60 s later,
then 60 to 120 s later."""

# Keeps the page's peer connections, and when its senders were asked for which encodings.
CONNECTIONS = """
globalThis.connections = [];
globalThis.switches = [];
const { setParameters } = RTCRtpSender.prototype;
RTCRtpSender.prototype.setParameters = function (parameters) {
  switches.push({ sender: this, time: performance.now(), sent: parameters.encodings.map(({ active }) => active) });
  return setParameters.call(this, parameters);
};
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    connections.push(this);
  }
};
"""
WATCH = """() => {
  globalThis.noticed = [];
  const { call } = hubbub;
  call.on("state", (state) => noticed.push(`state: ${state}`));
  call.on("reconnecting", (cause) => noticed.push(`reconnecting: ${cause}`));
  call.on("unpublished", ({ name }, { source }) => noticed.push(`unpublished: ${source} of ${name}`));
  call.on("participantLeft", ({ name }) => noticed.push(`left: ${name}`));
  call.on("error", ({ code, message }) => noticed.push(`error: ${code}: ${message}`));
  const look = () => {
    const tiles = document.querySelectorAll(".hb-tile[data-source=camera]").length;
    if (tiles !== 2) noticed.push(`tiles: ${tiles}`);
    requestAnimationFrame(look);
  };
  look();
}"""
# Of the other participant: it counts from zero when the track changes.
_SHOWN = "document.querySelector('.hb-tile:not([data-own]) video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"


async def open_prepared(browser: CallBrowser, url: str, call_id: str) -> list[Tab]:
    """Ann's tab and Ben's, which see each other and have a standby each."""
    tabs = []
    for name in ("Ann", "Ben"):
        query = urlencode({"room": call_id, "name": name, "join": "", "width": 640, "height": 360})
        tab = await browser.open_page(f"{url}/?{query}", name, script=MARKS + CONNECTIONS)
        await tab.wait_joined()
        tabs.append(tab)
    await asyncio.gather(tabs[0].wait_sees("Ben"), tabs[1].wait_sees("Ann"))
    await wait_prepared(tabs)
    for tab in tabs:
        await tab.page.evaluate(WATCH)
    return tabs


async def wait_prepared(tabs: list[Tab]) -> None:
    """Waits until each client has a standby with a copy of both tracks, and consumers of what it displays."""
    async with asyncio.timeout(PREPARED_WITHIN):
        for tab in tabs:
            await tab.page.wait_for_function("hubbub.call.hasStandby", timeout=PREPARED_WITHIN * 1000, polling=50)


async def placements(api: ServerApi, call_id: str) -> dict[str, str]:
    """The node of each user."""
    return {peer.display_name: peer.placement.node_id for peer in await api.peers(call_id) if peer.placement}


async def kill_node_of(api: ServerApi, installation: Installation, call_id: str, user: str) -> ServiceProcess:
    node_id = (await placements(api, call_id))[user]
    victim = next(node for node in installation.nodes if node.name == node_id)
    victim.kill()
    return victim


async def wait_left(api: ServerApi, call_id: str, node: ServiceProcess) -> None:
    """Waits until nobody is on this node."""
    async with asyncio.timeout(40):
        while len(there := await placements(api, call_id)) < 2 or node.name in there.values():
            await asyncio.sleep(0.02)


async def wait_shown(*tabs: Tab, more: int = 30) -> None:
    """Waits until each tab has shown this many more frames of the other participant."""
    for tab in tabs:
        shown, last = 0, await tab.page.evaluate(_SHOWN)
        async with asyncio.timeout(40):
            while shown < more:
                await asyncio.sleep(0.1)
                now = await tab.page.evaluate(_SHOWN)
                shown, last = shown + (now - last if now >= last else now), now
