"""The event loop of signaling's unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from support.virtual_time import VirtualTimeLoop

REAL_TIME = {"test_http.py", "test_published_keys.py", "test_tls.py"}
"""Files whose tests open sockets or wait for threads."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run in virtual time, so that they can wait for minutes without taking any."""
    return {"loop": asyncio.new_event_loop if item.path.name in REAL_TIME else VirtualTimeLoop}
