"""Exceptions that nobody catches are reported; connections that cannot be accepted are logged now and then."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from hubbub_service.tasks import failure_count
from hubbub_service.uncaught import ACCEPT_FAILURE_INTERVAL, UncaughtExceptions


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_an_exception_is_logged_and_counted(loop: asyncio.AbstractEventLoop) -> None:
    before = failure_count()
    with capture_logs() as logs:
        UncaughtExceptions()(loop, {"message": "a callback", "exception": ValueError("bug")})
    assert [(log["event"], log["message"]) for log in logs] == [("unhandled exception", "a callback")]
    assert failure_count() == before + 1


def test_connections_that_cannot_be_accepted_are_logged_now_and_then(loop: asyncio.AbstractEventLoop) -> None:
    now = 100.0
    report, before = UncaughtExceptions(lambda: now), failure_count()
    with socket.socket() as listener, capture_logs() as logs:
        context = {"message": "accept", "exception": OSError(errno.EMFILE, "too many"), "socket": listener}
        for _ in range(2_000):
            report(loop, context)
        now += ACCEPT_FAILURE_INTERVAL
        report(loop, context)
    assert len(logs) == 2
    assert failure_count() == before, "it is no bug"
