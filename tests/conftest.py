"""Fixtures for what crosses a service boundary: whole installations, each apart from all others."""

import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.installation import Installation
from support.supervised_installation import SupervisedInstallation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all tests that leave it whole: take a room of your own in it."""
    with Installation(tmp_path_factory.mktemp("installation")) as running:
        yield running


@pytest.fixture
def fresh_installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation to break. Other options than the usual ones:
    `@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)`.
    """
    options: dict[str, Any] = getattr(request, "param", {})
    with Installation(tmp_path / "installation", **options) as running:
        yield running


@pytest.fixture
def start_installation(tmp_path: Path) -> Iterator[Callable[..., SupervisedInstallation]]:
    """Starts `hubbub up` on ports of its own, where what is killed comes back by itself."""
    with ExitStack() as stack:
        count = 0

        def start(**options: Any) -> SupervisedInstallation:
            nonlocal count
            count += 1
            return stack.enter_context(SupervisedInstallation(tmp_path / f"installation-{count}", **options))

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure is shown with the logs of the installations that the test used."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Installation):
                report.sections.extend((f"log of {name}", text) for name, text in value.logs())
    return report


@pytest.fixture
def call_id(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    return f"{request.node.name[:40]} {secrets.token_hex(6)}"
