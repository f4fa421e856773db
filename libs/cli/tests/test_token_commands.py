"""`hubbub token`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hubbub_cli.main import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["token", *arguments])


@pytest.fixture
def keys(tmp_path: Path) -> str:
    """A new key file."""
    path = tmp_path / "keys.json"
    assert run("key", str(path), "--issuer", "app").exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return str(path)


def test_a_token_is_created_shown_and_verified(keys: str) -> None:
    created = run(
        "create",
        "--keys",
        keys,
        "--user",
        "alice",
        "--name",
        "Alice",
        "--room",
        "team/*",
        "--kind",
        "audio",
        "--record",
    )
    assert created.exit_code == 0, created.output
    token = created.stdout.strip()
    shown = json.loads(run("show", token).stdout)
    assert shown["header"]["alg"] == "HS256"
    assert shown["claims"]["sub"] == "alice"
    verified = json.loads(run("verify", token, "--keys", keys).stdout)
    assert (verified["issuer"], verified["user_id"], verified["display_name"]) == ("app", "alice", "Alice")
    grants = verified["grants"]
    assert grants["publish"]["kinds"] == ["audio"]
    allowed = {name for name, value in grants.items() if value is True}
    assert allowed == {"join", "subscribe", "record"}


def test_a_refused_token_is_reported(keys: str) -> None:
    token = run("create", "--keys", keys, "--user", "alice", "--room", "a", "--audience", "other").stdout.strip()
    refused = run("verify", token, "--keys", keys)
    assert (refused.exit_code, "audience" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["create", "--user", "alice"], "would allow nothing"),
        (["create", "--user", "alice", "--room", "team*"], "rooms.0"),
        (["create", "--user", "", "--room", "a"], "sub"),
        (["create", "--user", "alice", "--room", "a", "--kind", "smell"], "publish"),
        (["verify", "a.b.c"], "not a JWT"),
    ],
)
def test_a_mistake_is_named(keys: str, arguments: list[str], why: str) -> None:
    result = run(*arguments, "--keys", keys)
    assert result.exit_code == 1
    assert why in result.stderr


def test_files_are_neither_overwritten_nor_guessed(keys: str, tmp_path: Path) -> None:
    assert "File exists" in run("key", keys).stderr
    missing = run("verify", "a.b.c", "--keys", str(tmp_path / "none.json"))
    assert (missing.exit_code, "No such file" in missing.stderr) == (1, True)
    assert "not a token" in run("show", "no token").stderr
