"""Signaling's settings from environment variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hubbub_access.key_set import new_secret
from hubbub_signaling.adapters.socket_server import CONNECT_COST
from hubbub_signaling.domain.client_limits import ClientLimits, Counted
from hubbub_signaling.domain.identity import Identity
from hubbub_signaling.settings import Settings

LOCAL = {"host": "127.0.0.1"}
"""Only this machine connects, and needs no access token."""
KEYS = json.dumps(new_secret("key", "app", b"s" * 32))


def test_origins_are_normalised() -> None:
    settings = Settings(host="127.0.0.1", frontend_url="https://A.example/calls,, http://[::1]:5173/ ")
    assert settings.frontend_url == "https://a.example,http://[::1]:5173"
    assert settings.allowed_origins.cors == ["http://[::1]:5173", "https://a.example"]


@pytest.mark.parametrize(("text", "path"), [("", ""), ("/", ""), ("/call", "/call"), ("/a/b-c/", "/a/b-c")])
def test_base_path_has_no_slash_at_its_end(text: str, path: str) -> None:
    assert Settings(host="127.0.0.1", base_path=text).base_path == path


@pytest.mark.parametrize(
    "values",
    [
        {"frontend_url": "app.example.org"},
        {"region": "EU"},
        {"region": "e" * 33},
        {"base_path": "call"},
        {"base_path": "/call?x"},
        {"base_path": "https://example.org/call"},
        {"trusted_proxies": "proxy"},
        {"trusted_proxies": "10.0.0.5/8"},
        {"max_connections_per_address": "0"},
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({**LOCAL, **values})


MESSAGES_OF_A_JOIN = 30
"""Of a person who sends two tracks and receives ten."""


@pytest.mark.parametrize("with_token", [False, True])
def test_default_limits_let_an_office_join_from_one_address(with_token: bool) -> None:
    settings = Settings(host="127.0.0.1")
    limits = ClientLimits(settings.address_limits, settings.user_limits)
    for number in range(300):
        now = 1_000 + number / 30
        arriving = person = Counted("office")
        assert limits.turn(arriving, now, CONNECT_COST) == 0
        assert limits.may_connect(arriving)
        limits.connected(arriving, now)
        if with_token:
            person = Counted.of("office", Identity(f"user {number}", expires_at=1e10))
            assert limits.may_connect(person)
            limits.disconnected(arriving)
            limits.connected(person, now)
        assert [limits.turn(person, now) for _ in range(MESSAGES_OF_A_JOIN)] == [0] * MESSAGES_OF_A_JOIN
        assert limits.take_room_request(person, now)


@pytest.mark.parametrize(
    ("values", "on"),
    [
        ({"host": "127.0.0.1"}, False),
        ({"host": "127.0.0.9"}, False),
        ({"host": "::1"}, False),
        ({"host": "localhost"}, False),
        ({"host": "127.0.0.1", "auth": "on"}, True),
        ({"host": "127.0.0.1", "trusted_proxies": "127.0.0.1"}, True),
        ({"host": "127.0.0.1", "trusted_proxies": "127.0.0.1", "auth": "off"}, False),
        ({}, True),
        ({"host": "0.0.0.0"}, True),
        ({"host": "::"}, True),
        ({"host": "192.0.2.7"}, True),
        ({"host": "calls.example.org"}, True),
        ({"host": "0.0.0.0", "auth": "off"}, False),
        ({"published_address": "127.0.0.1", "trusted_proxies": "10.0.0.0/8"}, False),
        ({"published_address": "[::1]"}, False),
        ({"published_address": "0.0.0.0", "host": "127.0.0.1"}, True),
    ],
    ids=str,
)
def test_clients_need_tokens_where_others_can_connect(tmp_path: Path, values: dict[str, Any], on: bool) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(KEYS)
    assert Settings.model_validate({"access_keys": str(keys), **values}).uses_tokens is on


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"host": "0.0.0.0"}, "because it listens on 0.0.0.0 and AUTH is not set"),
        ({"published_address": "192.0.2.7"}, "because its port is published at 192.0.2.7 and AUTH"),
        ({"host": "127.0.0.1", "trusted_proxies": "10.0.0.0/8"}, "because TRUSTED_PROXIES is set and AUTH"),
        ({"host": "127.0.0.1", "auth": "on"}, "clients need access tokens, and ACCESS_KEYS names no keys"),
        ({"host": "0.0.0.0", "trust_user_header": "on"}, "AUTH=off"),
    ],
    ids=str,
)
def test_without_keys_signaling_does_not_start_and_says_why(
    tmp_path: Path, values: dict[str, Any], reason: str
) -> None:
    empty = tmp_path / "keys.json"
    empty.touch()
    for keys in (None, str(empty)):
        with pytest.raises(ValidationError) as refused:
            Settings.model_validate({"access_keys": keys, **values})
        assert reason in str(refused.value)
        assert "AUTH=off" in str(refused.value)
    assert not Settings.model_validate({"access_keys": str(empty), "host": "127.0.0.1"}).uses_tokens


@pytest.mark.parametrize(
    ("published", "listed", "missing"),
    [
        ("0.0.0.0", "TURN_SECRET=, NATS_CALLS_PASSWORD=set, NATS_NODE_PASSWORD=", "TURN_SECRET, NATS_NODE_PASSWORD"),
        ("0.0.0.0", "TURN_SECRET=set, NATS_CALLS_PASSWORD=set", None),
        ("127.0.0.1", "TURN_SECRET=", None),
    ],
)
def test_published_passwords_are_refused_where_others_can_connect(
    published: str, listed: str, missing: str | None
) -> None:
    values = {"published_address": published, "required_secrets": listed, "auth": "off"}
    if missing is None:
        Settings.model_validate(values)
        return
    with pytest.raises(ValidationError, match=f"set {missing}"):
        Settings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({}, False),
        ({"environment": "production"}, False),
        ({"environment": "development"}, True),
        ({"node_env": "development"}, True),
        ({"environment": "development", "frontend_url": "https://app.example"}, False),
        ({"frontend_url": "*"}, True),
    ],
    ids=str,
)
def test_pages_of_other_origins_are_allowed_in_development_or_by_name(values: dict[str, Any], allowed: bool) -> None:
    origins = Settings.model_validate({**LOCAL, **values}).allowed_origins
    assert origins.allows("https://other.example", "calls.example") is allowed
    assert origins.allows("https://calls.example", "calls.example")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [("http://idp.example/keys", "must be https"), ("/nowhere/keys.json", "No such file")],
)
def test_keys_that_cannot_be_trusted_or_read_are_refused(keys: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings(access_keys=keys)


def test_a_url_needs_no_file() -> None:
    settings = Settings(access_keys="https://idp.example/keys")
    assert (settings.uses_tokens, settings.access_keys_url) == (True, "https://idp.example/keys")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"initech": "k" * 16}, "no key of the tenant initech"),
        ({"acme": "k" * 16, "globex": "k" * 16}, "two tenants have the same key"),
        ({"acme": "operator-0123456789"}, "two tenants have the same key"),
        ({"acme": "short"}, "at least 16"),
        ({"a/b": "k" * 16}, "match pattern"),
    ],
    ids=str,
)
def test_keys_of_tenants_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, keys: dict[str, str], reason: str
) -> None:
    path = tmp_path / "keys.json"
    tenants = [new_secret(each, each, each.encode() * 8, each)["keys"][0] for each in ("acme", "globex")]
    path.write_text(json.dumps({"keys": tenants}))
    values = {"access_keys": str(path), "api_key": "operator-0123456789", "tenant_api_keys": keys}
    with pytest.raises(ValidationError, match=reason):
        Settings.model_validate(values)
