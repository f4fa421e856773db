"""The credential of each service opens no subject of another service, beyond those that both are given.

Row 15 of docs/security.md. The subjects are those of `deploy/nats/permissions.conf`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import nats
import pytest

from support.deployed_nats import CONFIGURATION, USERS, DeployedNats

KINDS = ("publish", "subscribe")
_USER = re.compile(r"user: (\w+)(.*?)(?=\n    \{|\Z)", re.DOTALL)


def permissions() -> dict[str, dict[str, list[str]]]:
    """The subjects of each user, by kind."""
    text = (CONFIGURATION / "permissions.conf").read_text(encoding="utf-8")
    return {
        user: {kind: _subjects(block, kind) for kind in KINDS}
        for user, block in ((found[1], found[2]) for found in _USER.finditer(text))
    }


def _subjects(block: str, kind: str) -> list[str]:
    listed = re.search(rf"{kind}: \[(.*?)\]", block, re.DOTALL)
    assert listed is not None
    return re.findall(r'"([^"]+)"', listed[1])


def matches(subject: str, pattern: str) -> bool:
    """Whether the pattern covers the subject (NATS wildcards)."""
    tokens, wanted = subject.split("."), pattern.split(".")
    if wanted[-1] == ">":
        return len(tokens) >= len(wanted) and matches(".".join(tokens[: len(wanted) - 1]), ".".join(wanted[:-1]))
    return len(tokens) == len(wanted) and all(there in ("*", here) for here, there in zip(tokens, wanted, strict=True))


def example_of(pattern: str) -> str:
    """A subject that the pattern covers."""
    return re.sub(r"[*>]", "x", pattern)


ALLOWED = permissions()


def foreign(user: str, kind: str) -> set[str]:
    """Subjects of the other users that this one is not given."""
    others = {example_of(pattern) for other in ALLOWED if other != user for pattern in ALLOWED[other][kind]}
    return {subject for subject in others if not any(matches(subject, own) for own in ALLOWED[user][kind])}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedNats]:
    """A NATS server with the deployed configuration."""
    with DeployedNats(tmp_path_factory.mktemp("nats")) as running:
        yield running


def test_every_user_is_read() -> None:
    assert set(ALLOWED) == set(USERS.values())
    assert all(len(foreign(user, kind)) >= 10 for user in ALLOWED for kind in KINDS)
    assert matches("a.b.c", "a.*.c")
    assert matches("a.b.c", "a.>")
    assert not matches("a", "a.>")
    assert not matches("a.b.c", "a.*")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("service", USERS)
async def test_subjects_of_others_are_refused_and_own_ones_are_not(
    deployed: DeployedNats, service: str, kind: str
) -> None:
    user = USERS[service]
    refused: asyncio.Queue[Exception] = asyncio.Queue()
    client = await nats.connect(deployed.url(service), error_cb=refused.put, allow_reconnect=False)
    try:
        own = {example_of(pattern) for pattern in ALLOWED[user][kind]}
        for subject in sorted(own | foreign(user, kind)):
            if kind == "publish":
                await client.publish(subject, b"{}")
            else:
                await client.subscribe(subject)
        await client.flush()
        named: set[str] = set()
        while len(named) < len(foreign(user, kind)):
            error = str(await asyncio.wait_for(refused.get(), 10)).lower()
            assert "permissions violation" in error
            named.add(error.split('"')[1])
        assert named == {subject.lower() for subject in foreign(user, kind)}
        assert refused.empty()
    finally:
        await client.close()
