"""A media node in the host's network, reached directly and through a relay."""

import asyncio
from collections.abc import Iterator

import pytest

from e2e.calls import Window, selected_pairs, start_call
from hubbub_cli.ports import free_tcp_port, free_udp_ports
from hubbub_media_node.adapters.local_network import interface_address
from support.browser import CallBrowser
from support.compose import Compose

PORTS = 4


@pytest.fixture(scope="module")
def host(stack: Compose) -> Iterator[Compose]:
    """An installation with host networking, from the images that `stack` built."""
    address = interface_address()
    if address is None:
        pytest.skip("this machine has only a loopback address")
    first = free_udp_ports(PORTS, "0.0.0.0")
    running = Compose(
        ("compose.yaml", "compose.host-network.yaml"),
        ANNOUNCED_IP=address,
        PUBLIC_HOST=address,
        RTC_MIN_PORT=str(first),
        RTC_MAX_PORT=str(first + PORTS - 1),
        NATS_PORT=str(free_tcp_port()),
        METRICS_PORT=str(free_tcp_port()),
    )
    try:
        running.up()
        yield running
    finally:
        running.down()


@pytest.mark.parametrize("policy", ["", "relay"])
async def test_two_participants_receive_each_other(
    host: Compose, browser: CallBrowser, call_id: str, policy: str
) -> None:
    await asyncio.to_thread(host.up, settings={"ICE_TRANSPORT_POLICY": policy})
    tabs = await start_call(browser, host.url, call_id, ["Ann", "Ben"], width=320, height=180)
    for tab in tabs:
        for pair in await selected_pairs(tab):
            assert pair["remote"]["address"] == host.settings["ANNOUNCED_IP"]
            assert (pair["local"]["candidateType"] == "relay") == (policy == "relay")
    (await Window.measure(tabs, 3)).require_all_frames(0.9)
