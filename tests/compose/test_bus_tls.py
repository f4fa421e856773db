"""The bus with TLS, as compose.tls.yaml sets it up."""

from collections.abc import Iterator

import pytest

from e2e.calls import Window, start_call
from support.browser import CallBrowser
from support.compose import Compose

SERVICES = ("registry", "media-node", "signaling", "calls", "captions", "recorder", "webhooks")


@pytest.fixture(scope="module")
def encrypted(stack: Compose) -> Iterator[Compose]:
    """An installation with TLS on the bus, from the images that `stack` built."""
    running = Compose(("compose.yaml", "compose.tls.yaml"))
    try:
        running.up()
        yield running
    finally:
        running.down()


async def test_a_call_works_over_an_encrypted_bus(encrypted: Compose, browser: CallBrowser, call_id: str) -> None:
    tabs = await start_call(browser, encrypted.url, call_id, ["Ann", "Ben"], width=320, height=180)
    (await Window.measure(tabs, 3)).require_all_frames(0.9)


def test_every_service_is_connected_and_nats_takes_nobody_without_tls(encrypted: Compose) -> None:
    for service in SERVICES:
        containers = encrypted.containers(service)
        assert containers
        assert all(container.healthy for container in containers), service
    # NATS greets every connection with its settings, before TLS.
    greet = "import socket; print(socket.create_connection(('nats', 4222), 5).recv(4096).decode())"
    info = encrypted.compose("exec", "-T", "signaling", "python", "-c", greet)
    assert '"tls_required":true' in info
