"""Signaling's settings from environment variables."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hubbub_signaling.domain.address_limits import AddressLimits
from hubbub_signaling.settings import Settings


def test_origins_are_normalised() -> None:
    settings = Settings(frontend_url="https://A.example/calls,, http://[::1]:5173/ ")
    assert settings.frontend_url == "https://a.example,http://[::1]:5173"
    assert settings.allowed_origins.cors == ["http://[::1]:5173", "https://a.example"]


@pytest.mark.parametrize(("text", "path"), [("", ""), ("/", ""), ("/call", "/call"), ("/a/b-c/", "/a/b-c")])
def test_base_path_has_no_slash_at_its_end(text: str, path: str) -> None:
    assert Settings(base_path=text).base_path == path


@pytest.mark.parametrize(
    "values",
    [
        {"frontend_url": "app.example.org"},
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
        Settings.model_validate(values)


def test_default_limits_let_an_office_join_from_one_address() -> None:
    settings = Settings()
    limits = AddressLimits(settings.max_connections_per_address, settings.max_room_requests_per_address)
    for person in range(300):
        now = person / 30
        assert limits.may_connect("office")
        limits.connected("office", now)
        assert limits.take_room_request("office", now)
        assert limits.take_room_request("office", now)
