"""Fixtures of the adversarial tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.installation import Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with metrics, which show what was dropped, for the tests that do not break it."""
    environment = {"MAX_ROOM_REQUESTS_PER_ADDRESS": "100000"}
    directory = tmp_path_factory.mktemp("attacked")
    with Installation(directory, metrics=True, environment=environment, empty_room_ttl=2.0) as running:
        yield running
