"""Keys that an identity provider publishes, from a real HTTP server."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from hubbub_access import Grants, KeySet, TokenVerifier
from hubbub_access.key_set import MAX_SIZE, new_secret
from hubbub_contracts import HubbubError
from hubbub_signaling.adapters import published_keys
from hubbub_signaling.adapters.published_keys import PublishedKeys
from hubbub_signaling.domain.exposure import is_fetchable
from hubbub_signaling.domain.fetch_budget import FetchBudget
from support.key_server import ISSUER, KeyServer
from support.python_sdk import until

GRANTS = Grants(rooms=("*",), join=True)


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Publishes one key."""
    with KeyServer() as running:
        running.add("first")
        yield running


class Rig:
    """A verifier whose keys are published."""

    def __init__(self, server: KeyServer) -> None:
        self.published = PublishedKeys(f"{server.url}/keys", ISSUER, self._on_keys)
        self.verifier = TokenVerifier(None, "hubbub", self.published.on_unknown_key)
        self.sets = 0

    def _on_keys(self, keys: KeySet) -> None:
        self.verifier.keys = keys
        self.sets += 1

    def verify(self, token: str) -> str:
        """The user, or the error code."""
        try:
            return self.verifier.verify(token, time.time()).user_id
        except HubbubError as error:
            return f"{error.code.value}{' retryable' * error.retryable}"


@pytest.fixture
async def rig(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Has not begun."""
    monkeypatch.setattr(published_keys, "RETRY_INTERVALS", (0.02, 0.05))
    rig = Rig(server)
    yield rig
    await rig.published.stop()


async def test_tokens_wait_for_the_first_set(rig: Rig, server: KeyServer) -> None:
    token = server.token("first", "ann", GRANTS)
    server.status = 500
    rig.published.start()
    await until(lambda: server.requests > 2)
    assert (rig.verify(token), rig.published.known) == ("unavailable retryable", False)
    server.status = 200
    await until(lambda: rig.published.known)
    assert rig.verify(token) == "ann"


async def test_an_unknown_key_is_fetched_once_for_all_clients(rig: Rig, server: KeyServer) -> None:
    rig.published.start()
    await until(lambda: rig.published.known)
    server.add("second")
    token = server.token("second", "ann", GRANTS)
    assert [rig.verify(token) for _ in range(100)] == ["unavailable retryable"] * 100
    await until(lambda: rig.sets == 2)
    assert rig.verify(token) == "ann"
    server.add("third")
    unknown = server.token("third", "ann", GRANTS)
    assert [rig.verify(unknown) for _ in range(100)] == ["unauthenticated"] * 100
    assert rig.sets == 2


@pytest.mark.parametrize(
    "body",
    [
        b"<html>down for maintenance</html>",
        b" " * (MAX_SIZE + 1),
        json.dumps(new_secret("first", ISSUER, b"s" * 32)).encode(),
        b'{"keys": []}',
    ],
    ids=["not JSON", "too large", "symmetric", "empty"],
)
async def test_the_last_good_set_serves(rig: Rig, server: KeyServer, body: bytes) -> None:
    rig.published.start()
    await until(lambda: rig.published.known)
    token = server.token("first", "ann", GRANTS)
    server.body = body
    server.add("second")
    assert rig.verify(server.token("second", "ann", GRANTS)) == "unavailable retryable"
    await until(lambda: server.requests >= 4)
    assert (rig.verify(token), rig.sets) == ("ann", 1)


async def test_a_fetch_is_bounded_in_time(rig: Rig, server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_keys, "FETCH_TIMEOUT", 0.1)
    server.delay = 0.5
    rig.published.start()
    await until(lambda: server.requests >= 2)
    assert not rig.published.known
    server.delay = 0.0
    await until(lambda: rig.published.known)


async def test_a_withdrawn_key_is_not_accepted(rig: Rig, server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_keys, "REFRESH_INTERVAL", 0.05)
    rig.published.start()
    await until(lambda: rig.published.known)
    token = server.token("first", "ann", GRANTS)
    server.add("second")
    server.remove("first")
    await until(lambda: rig.verify(token) != "ann")


def test_one_fetch_in_an_interval() -> None:
    budget = FetchBudget(60.0)
    assert [budget.take(now) for now in (0.0, 1.0, 59.9, 60.0, 61.0, 120.0)] == [True, False, False, True, False, True]


@pytest.mark.parametrize(
    ("url", "fetchable"),
    [
        ("https://idp.example/keys", True),
        ("http://127.0.0.1:8080/keys", True),
        ("http://localhost/keys", True),
        ("http://idp.example/keys", False),
        ("https:///keys", False),
    ],
)
def test_nobody_in_between_may_replace_keys(url: str, fetchable: bool) -> None:
    assert is_fetchable(url) is fetchable
