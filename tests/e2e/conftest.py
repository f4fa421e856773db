"""Fixtures of the browser tests, which all run in one event loop, so that they can share a browser."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from support.browser import WAIT_TIMEOUT, CallBrowser, chromium
from support.cross_origin_page import CrossOriginPage
from support.installation import Installation
from support.udp_relay import ENVIRONMENT

expect.set_options(timeout=WAIT_TIMEOUT * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the tests of this directory in the event loop of the session."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_browser() -> AsyncIterator[Callable[[], Awaitable[CallBrowser]]]:
    """Returns the running Chromium, or a new one after a crash."""
    async with AsyncExitStack() as stack:
        current: CallBrowser | None = None

        async def get() -> CallBrowser:
            nonlocal current
            if current is None or not current.connected:
                current = await stack.enter_async_context(chromium())
            return current

        yield get


@pytest_asyncio.fixture(loop_scope="session")
async def browser(shared_browser: Callable[[], Awaitable[CallBrowser]]) -> AsyncIterator[CallBrowser]:
    """A Chromium with access to fake devices, shared by all tests. The tabs of a test close at its end."""
    running = await shared_browser()
    yield running
    await running.close_tabs()


@pytest_asyncio.fixture(loop_scope="session")
async def other_browser() -> AsyncIterator[CallBrowser]:
    """A second Chromium, which the test may kill."""
    async with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def relayed_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose media port clients reach through a `UdpRelay` only."""
    with Installation(tmp_path_factory.mktemp("relayed"), environment=ENVIRONMENT) as running:
        yield running


@pytest.fixture(scope="session")
def mediasoup_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossOriginPage]:
    """An application without the SDK, on another origin."""
    with CrossOriginPage(Path(__file__).parent / "mediasoup_app", tmp_path_factory.mktemp("mediasoup_app")) as page:
        yield page
