"""Fixtures for tests across service boundaries: isolated installations."""

import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.installation import SPREAD, SPREAD_OVER_NODES, Installation
from support.supervised_installation import SupervisedInstallation

SHARED_GRACE = 15.0
"""Seconds; longer than a client on a busy machine is away between two sockets."""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation shared by all tests that do not break it. Each test uses its own room."""
    with Installation(tmp_path_factory.mktemp("installation"), reconnect_grace=SHARED_GRACE) as running:
        yield running


@pytest.fixture(scope="session")
def spread_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The same, in which every second peer of a room is on another worker."""
    directory = tmp_path_factory.mktemp("spread")
    with Installation(directory, workers=2, metrics=True, reconnect_grace=SHARED_GRACE, environment=SPREAD) as running:
        yield running


@pytest.fixture(scope="session")
def two_node_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The same, in which every second peer of a room is on another node."""
    directory = tmp_path_factory.mktemp("nodes")
    with Installation(
        directory, nodes=2, metrics=True, reconnect_grace=SHARED_GRACE, environment=SPREAD_OVER_NODES
    ) as running:
        yield running


@pytest.fixture(params=["two workers", "two nodes"])
def spread(request: pytest.FixtureRequest) -> Installation:
    """An installation in which every second peer of a room is on another worker, or on another node."""
    name = "spread_installation" if request.param == "two workers" else "two_node_installation"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.fixture
def fresh_installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation for one test, which may break it. For options use
    `@pytest.mark.parametrize("fresh_installation", [{"nodes": 2}], indirect=True)`.
    """
    options: dict[str, Any] = getattr(request, "param", {})
    with Installation(tmp_path / "installation", **options) as running:
        yield running


@pytest.fixture
def start_installation(tmp_path: Path) -> Iterator[Callable[..., SupervisedInstallation]]:
    """Starts `hubbub up` on free ports. Its supervisor restarts killed processes."""
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
    """Adds the logs of a failed test's installations to its report."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Installation):
                report.sections.extend((f"log of {name}", text) for name, text in value.logs())
    return report


@pytest.fixture
def call_id(request: pytest.FixtureRequest) -> str:
    """A unique call id for the test's room."""
    return f"{request.node.name[:40]} {secrets.token_hex(6)}"
