"""One installation of compose.yaml for all tests here, built from this repository; skipped where no engine answers."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.browser import CallBrowser, chromium
from support.compose import BUILD_TIMEOUT, Compose, compose_problem


@pytest.fixture(scope="session")
def stack() -> Iterator[Compose]:
    """Up and healthy. A test that wants another shape says `stack.up(...)`."""
    missing = compose_problem()
    if missing is not None:
        pytest.skip(missing)
    running = Compose()
    running.build()
    try:
        running.up()
        yield running
        if sys.exc_info()[0] is not None:
            sys.stderr.write(running.log_tail())
    finally:
        running.down()


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[CallBrowser]:
    """A Chromium of the test's own, with fake devices that it may use."""
    async with chromium() as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits for the images to be built."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(BUILD_TIMEOUT))
