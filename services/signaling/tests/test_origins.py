"""FRONTEND_URL as people write it, against the Origin that a browser sends for that page."""

from __future__ import annotations

import pytest

from hubbub_signaling.domain.origins import AllowedOrigins, parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://app.example.org", "https://app.example.org"),
        ("https://app.example.org/", "https://app.example.org"),
        ("https://App.Example.org", "https://app.example.org"),
        ("https://app.example.org:443", "https://app.example.org"),
        ("http://app.example.org:80/", "http://app.example.org"),
        ("https://app.example.org:8443", "https://app.example.org:8443"),
        ("https://app.example.org/calls/", "https://app.example.org"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:5173", "http://[::1]:5173"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_an_entry_is_the_origin_that_browsers_send(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "app.example.org",
        "localhost:5173",
        "https://*.example.org",
        "https://a.example; https://app.example.org",
        '"https://app.example.org"',
        "https://user:secret@app.example.org",
        "wss://app.example.org",
        "file:///index.html",
        "https://",
    ],
)
def test_an_entry_that_never_matches_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        parse_origin(text)


def test_only_listed_origins_are_allowed() -> None:
    origins = AllowedOrigins(["https://app.example.org"])
    assert origins.allows("https://app.example.org", "calls.example.org")
    assert not origins.allows("https://other.example.org", "calls.example.org")
    assert not origins.allows("https://other.example.org", None)


def test_any_origin_is_allowed_by_a_star_only() -> None:
    assert not AllowedOrigins([]).allows("https://other.example.org", "calls.example.org")
    assert AllowedOrigins([]).allows("https://calls.example.org", "calls.example.org")
    assert AllowedOrigins(["*"]).allows("https://other.example.org", "calls.example.org")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://calls.example.org", "calls.example.org"),
        ("https://calls.example.org", "Calls.example.org:443"),
        ("http://127.0.0.1:4000", "127.0.0.1:4000"),
        ("http://[::1]:4000", "[::1]:4000"),
    ],
)
def test_the_own_origin_is_always_allowed(origin: str, host: str) -> None:
    assert AllowedOrigins(["https://app.example.org"]).allows(origin, host)


@pytest.mark.parametrize("host", ["calls.example.org:8443", "calls.example.org.evil.example", "a b", ""])
def test_another_host_is_not_the_own_origin(host: str) -> None:
    assert not AllowedOrigins(["https://app.example.org"]).allows("https://calls.example.org", host)
