"""Media paths other than UDP over IPv4."""

import asyncio
import socket
from pathlib import Path

import pytest

from e2e.calls import Window, start_call
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import CallBrowser, Tab, chromium
from support.installation import Installation

IPV6 = interface_address(socket.AF_INET6)

# As in a browser whose policy forbids UDP: it sends none.
NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"


async def require_call(tabs: list[Tab], protocol: str, address: str) -> None:
    """Waits until all transports use this path, and asserts that all participants receive each other's media."""
    for tab in tabs:
        async with asyncio.timeout(40):
            while await tab.selected_remotes() != [(protocol, address)] * 2:
                await asyncio.sleep(0.1)
    window = await Window.measure(tabs, 3)
    window.require_all_frames(0.9)
    window.require_sound(0.3)


async def test_call_without_udp(installation: Installation, call_id: str) -> None:
    async with chromium(arguments=[NO_UDP]) as browser:
        tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=640, height=360)
        await require_call(tabs, "tcp", "127.0.0.1")


async def test_udp_is_preferred_over_tcp(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await require_call(tabs, "udp", "127.0.0.1")


@pytest.mark.skipif(IPV6 is None, reason="browsers need an IPv6 address on a network interface")
@pytest.mark.parametrize(("arguments", "protocol"), [([], "udp"), ([NO_UDP], "tcp")], ids=["udp", "tcp"])
async def test_call_over_ipv6(tmp_path: Path, call_id: str, arguments: list[str], protocol: str) -> None:
    with Installation(tmp_path / "installation", environment={"ANNOUNCED_IP": str(IPV6)}) as installation:
        async with chromium(arguments=arguments) as browser:
            tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
            await require_call(tabs, protocol, str(IPV6))
