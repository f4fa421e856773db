"""The SDK recovers by itself from every kind of loss, and the application's objects stay the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import CallBrowser
from support.cross_origin_page import CrossOriginPage
from support.installation import REPOSITORY, Installation
from support.sdk_tab import SdkTab
from support.tcp_proxy import TcpProxy
from support.udp_relay import UdpRelay

SHORT = 5.0

_REMEMBER = """() => {
  const [ann] = call.participants.values();
  globalThis.before = [call.local, ...call.local.publications.values(), ann, ...ann.publications.values()];
  globalThis.tracks = [...call.local.publications.values()].map(({ track }) => track);
}"""
_SAME = """() => {
  const [ann, ...others] = call.participants.values();
  const now = [call.local, ...call.local.publications.values(), ann, ...ann.publications.values()];
  const sent = [...call.local.publications.values()].map(({ track }) => track);
  return others.length === 0 && now.every((one, i) => one === before[i]) && sent.every((one, i) => one === tracks[i]);
}"""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossOriginPage]:
    """The SDK's example application."""
    source = REPOSITORY / "examples" / "plain-js"
    with CrossOriginPage(source, tmp_path_factory.mktemp("example")) as page:
        yield page


async def start_sdk_call(
    browser: CallBrowser, example: CrossOriginPage, url: str, ben_url: str, room: str
) -> list[SdkTab]:
    """Ann, connected to `url`, and Ben, connected to `ben_url`, receive each other's video."""
    ann = await SdkTab.open(browser, example.address(url, room, "Ann"), "Ann")
    ben = await SdkTab.open(browser, example.address(ben_url, room, "Ben"), "Ben")
    await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))
    await ben.evaluate(_REMEMBER)
    return [ann, ben]


@pytest.mark.sample
async def test_dropped_socket_is_resumed(
    installation: Installation, browser: CallBrowser, example: CrossOriginPage, call_id: str
) -> None:
    async with TcpProxy(installation.layout.http_port) as proxy:
        ben_url = f"http://127.0.0.1:{proxy.port}"
        ann, ben = await start_sdk_call(browser, example, installation.url, ben_url, call_id)
        peer = await ben.evaluate("call.local.peerId")
        await proxy.cut()
        await ben.wait("seen.causes.includes('socket')")
        await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"), asyncio.sleep(2))
        await proxy.start()
        await ben.wait("seen.reconnected === 1 && call.state === 'connected'")
        assert await ben.evaluate("call.local.peerId") == peer
        assert await ben.evaluate(_SAME)
        assert await ann.evaluate("seen.left") == 0
        await ben.evaluate("call.local.setMicrophone(false)")
        await ann.wait("[...call.participants.values()][0].publications.get('microphone').muted")
        await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))


async def test_socket_dropped_for_longer_than_the_grace_period_rejoins(
    tmp_path: Path, browser: CallBrowser, example: CrossOriginPage, call_id: str
) -> None:
    with Installation(tmp_path, reconnect_grace=1.0) as installation:
        async with TcpProxy(installation.layout.http_port) as proxy:
            ben_url = f"http://127.0.0.1:{proxy.port}"
            ann, ben = await start_sdk_call(browser, example, installation.url, ben_url, call_id)
            peer = await ben.evaluate("call.local.peerId")
            await proxy.cut()
            await ann.wait("seen.left === 1")
            await proxy.start()
            await ben.wait("seen.reconnected === 1 && call.state === 'connected'")
            assert await ben.evaluate("call.local.peerId") != peer
            assert await ben.evaluate(_SAME)
            await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))


@pytest.mark.parametrize("seconds", [SHORT, 12.0])
async def test_media_path_recovers_after_an_outage(
    relayed_installation: Installation, browser: CallBrowser, example: CrossOriginPage, call_id: str, seconds: float
) -> None:
    url = relayed_installation.url
    async with UdpRelay(relayed_installation.layout.rtc_min_port) as relay:
        ann, ben = await start_sdk_call(browser, example, url, url, call_id)
        relay.is_cut = True
        await asyncio.sleep(seconds)
        relay.is_cut = False
        await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))
        await ben.wait("call.state === 'connected'")
        if seconds > SHORT:
            assert await ben.evaluate("seen.causes.includes('network') && seen.reconnected === seen.causes.length")
        assert await ben.evaluate(_SAME)
        assert await ann.evaluate("seen.left") == 0


async def test_call_resumes_when_the_only_media_node_restarts(
    fresh_installation: Installation, browser: CallBrowser, example: CrossOriginPage, call_id: str
) -> None:
    url = fresh_installation.url
    ann, ben = await start_sdk_call(browser, example, url, url, call_id)
    fresh_installation.nodes[0].kill()
    await ben.wait("call.state === 'reconnecting'")
    await asyncio.sleep(1)
    fresh_installation.nodes[0].start()
    await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))
    await ben.wait("call.state === 'connected'")
    assert await ben.evaluate(_SAME)
    assert await ann.evaluate("seen.left") == 0
