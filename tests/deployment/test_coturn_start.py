"""The start of coturn: whom it serves with which secret."""

from __future__ import annotations

import subprocess

import pytest

from support import compose_files
from support.coturn import START


@pytest.mark.parametrize(
    ("published", "is_set", "starts"),
    [
        (None, "", True),
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("0.0.0.0", "set", True),
        ("0.0.0.0", "", False),
        ("::", "", False),
        ("192.0.2.1", "", False),
        ("1127.0.0.1", "", False),
    ],
)
def test_coturn_refuses_the_published_secret_where_others_can_connect(
    published: str | None, is_set: str, starts: bool
) -> None:
    environment = {"PATH": "/usr/bin:/bin", "TURNSERVER": "true", "TURN_SECRET": "secret", "SECRET_IS_SET": is_set}
    if published is not None:
        environment["PUBLISHED_ADDRESS"] = published
    done = subprocess.run(["sh", str(START)], env=environment, capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode == 0) is starts
    assert ("set TURN_SECRET" in done.stderr) is not starts


def test_compose_says_where_coturn_is_published_and_whether_its_secret_is_set() -> None:
    environment = compose_files.read("compose.yaml")["services"]["coturn"]["environment"]
    assert environment["PUBLISHED_ADDRESS"] == "${LISTEN:-127.0.0.1}"
    assert environment["SECRET_IS_SET"] == "${TURN_SECRET:+set}"
