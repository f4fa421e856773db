"""Fixtures of the tests in a browser."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.browser import CallBrowser, chromium
from support.foreign_page import ForeignPage


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[CallBrowser]:
    """A Chromium of the test's own, with fake devices that it may use."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture
async def other_browser() -> AsyncIterator[CallBrowser]:
    """A second one, to be killed."""
    async with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def foreign_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignPage]:
    """An application that was written for the original service, on an origin of its own."""
    with ForeignPage(Path(__file__).parent / "foreign_page", tmp_path_factory.mktemp("foreign_page")) as page:
        yield page
