"""Fixtures of the browser tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.browser import CallBrowser, chromium
from support.foreign_page import ForeignPage


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[CallBrowser]:
    """A Chromium for one test, with access to fake devices."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture
async def other_browser() -> AsyncIterator[CallBrowser]:
    """A second Chromium, which the test may kill."""
    async with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def foreign_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignPage]:
    """An application written for the original service, on another origin."""
    with ForeignPage(Path(__file__).parent / "foreign_page", tmp_path_factory.mktemp("foreign_page")) as page:
        yield page
