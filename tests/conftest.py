"""Fixtures for what crosses a service boundary: whole installations, each apart from all others."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hubbub_cli.installation import Installation


@pytest.fixture
def start_installation(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Starts an installation of the test's own, to break at will; takes the options of `Installation`."""
    with ExitStack() as stack:
        count = 0

        def start(**options: Any) -> Installation:
            nonlocal count
            count += 1
            return stack.enter_context(Installation(tmp_path / f"installation-{count}", **options))

        yield start


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for the tests of a file that leave it whole."""
    with Installation(tmp_path_factory.mktemp("installation")) as running:
        yield running
