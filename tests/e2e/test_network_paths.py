"""Ways that media takes when the usual one, UDP over IPv4, cannot be taken."""

import asyncio
import socket
from pathlib import Path

import pytest

from e2e.calls import Window, start_call
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import CallBrowser, Tab, chromium
from support.installation import Installation

IPV6 = interface_address(socket.AF_INET6)

# What a browser does whose policy or network forbids UDP: it sends none at all, to nobody.
NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"


async def require_call(tabs: list[Tab], protocol: str, address: str) -> None:
    """All of it goes this way, in the end, and everybody sees and hears everybody else."""
    for tab in tabs:
        async with asyncio.timeout(15):
            while await tab.selected_remotes() != [(protocol, address)] * 2:
                await asyncio.sleep(0.1)
    window = await Window.measure(tabs, 3)
    window.require_all_frames(0.9)
    window.require_sound(0.3)


async def test_a_call_of_browsers_that_may_not_use_udp(installation: Installation, call_id: str) -> None:
    async with chromium(arguments=[NO_UDP]) as browser:
        tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=640, height=360)
        await require_call(tabs, "tcp", "127.0.0.1")


async def test_udp_is_taken_where_both_can_be(installation: Installation, browser: CallBrowser, call_id: str) -> None:
    tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
    await require_call(tabs, "udp", "127.0.0.1")


@pytest.mark.skipif(IPV6 is None, reason="no network interface has an address of IPv6, and browsers use no other")
@pytest.mark.parametrize(("arguments", "protocol"), [([], "udp"), ([NO_UDP], "tcp")], ids=["udp", "tcp"])
async def test_a_call_over_ipv6(tmp_path: Path, call_id: str, arguments: list[str], protocol: str) -> None:
    with Installation(tmp_path / "installation", environment={"ANNOUNCED_IP": str(IPV6)}) as installation:
        async with chromium(arguments=arguments) as browser:
            tabs = await start_call(browser, installation.url, call_id, ["Ann", "Ben"], width=320, height=180)
            await require_call(tabs, protocol, str(IPV6))
