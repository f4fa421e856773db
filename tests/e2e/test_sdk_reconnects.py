"""The SDK gets back into the call by itself, whatever was lost; what the application holds stays the same objects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import CallBrowser
from support.foreign_page import ForeignPage
from support.installation import REPOSITORY, Installation
from support.sdk_tab import SdkTab
from support.tcp_proxy import TcpProxy
from support.udp_relay import ENVIRONMENT, UdpRelay

CUT = 5.0

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
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignPage]:
    """The example application, bundled."""
    source = REPOSITORY / "examples" / "plain-js"
    with ForeignPage(source, tmp_path_factory.mktemp("example")) as page:
        yield page


async def two_in_a_call(browser: CallBrowser, example: ForeignPage, url: str, bens: str, room: str) -> list[SdkTab]:
    """Ann, connected to `url`, and Ben, connected to `bens`; each sees the other."""
    ann = await SdkTab.open(browser, example.address(url, room, "Ann"), "Ann")
    ben = await SdkTab.open(browser, example.address(bens, room, "Ben"), "Ben")
    await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))
    await ben.evaluate(_REMEMBER)
    return [ann, ben]


async def test_a_socket_that_is_cut_for_some_seconds_is_resumed(
    installation: Installation, browser: CallBrowser, example: ForeignPage, call_id: str
) -> None:
    async with TcpProxy(installation.layout.http_port) as proxy:
        bens = f"http://127.0.0.1:{proxy.port}"
        ann, ben = await two_in_a_call(browser, example, installation.url, bens, call_id)
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


async def test_a_socket_that_is_cut_for_longer_than_the_grace_joins_anew(
    tmp_path: Path, browser: CallBrowser, example: ForeignPage, call_id: str
) -> None:
    with Installation(tmp_path, reconnect_grace=1.0) as hasty:
        async with TcpProxy(hasty.layout.http_port) as proxy:
            bens = f"http://127.0.0.1:{proxy.port}"
            ann, ben = await two_in_a_call(browser, example, hasty.url, bens, call_id)
            peer = await ben.evaluate("call.local.peerId")
            await proxy.cut()
            await ann.wait("seen.left === 1")
            await proxy.start()
            await ben.wait("seen.reconnected === 1 && call.state === 'connected'", timeout=20)
            assert await ben.evaluate("call.local.peerId") != peer
            assert await ben.evaluate(_SAME)
            await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))


@pytest.mark.parametrize("seconds", [CUT, 12.0])
async def test_the_way_of_the_media_is_cut_for_some_seconds(
    tmp_path: Path, browser: CallBrowser, example: ForeignPage, call_id: str, seconds: float
) -> None:
    with Installation(tmp_path, environment=ENVIRONMENT) as installation:
        async with UdpRelay(installation.layout.rtc_min_port) as relay:
            ann, ben = await two_in_a_call(browser, example, installation.url, installation.url, call_id)
            relay.is_cut = True
            await asyncio.sleep(seconds)
            relay.is_cut = False
            await asyncio.gather(ann.wait_frames("Ben"), ben.wait_frames("Ann"))
            await ben.wait("call.state === 'connected'")
            if seconds > CUT:
                assert await ben.evaluate("seen.causes.includes('network') && seen.reconnected === seen.causes.length")
            assert await ben.evaluate(_SAME)
            assert await ann.evaluate("seen.left") == 0


async def test_the_only_media_node_is_killed_and_comes_back(
    fresh_installation: Installation, browser: CallBrowser, example: ForeignPage, call_id: str
) -> None:
    url = fresh_installation.url
    ann, ben = await two_in_a_call(browser, example, url, url, call_id)
    fresh_installation.nodes[0].kill()
    await ben.wait("call.state === 'reconnecting'")
    await asyncio.sleep(1)
    fresh_installation.nodes[0].start()
    await asyncio.gather(ann.wait_frames("Ben", timeout=30), ben.wait_frames("Ann", timeout=30))
    await ben.wait("call.state === 'connected'")
    assert await ben.evaluate(_SAME)
    assert await ann.evaluate("seen.left") == 0
