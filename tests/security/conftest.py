"""Fixtures of the adversarial tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.installation import ONE_ADDRESS, Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with metrics, which show what was dropped, for the tests that do not break it."""
    directory = tmp_path_factory.mktemp("attacked")
    with Installation(directory, metrics=True, environment=ONE_ADDRESS, empty_room_ttl=5.0) as running:
        yield running
