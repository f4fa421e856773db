"""One installation of compose.yaml for all tests, built from this repository. Skipped without a container engine."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.browser import CallBrowser, chromium
from support.compose import BUILD_TIMEOUT, Compose, compose_problem


@pytest.fixture(scope="session")
def stack() -> Iterator[Compose]:
    """A healthy installation. Tests may rescale it with `stack.up(...)`."""
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
    """A Chromium for one test, with access to fake devices."""
    async with chromium() as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sets a long timeout: the first test builds the images."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(BUILD_TIMEOUT))
