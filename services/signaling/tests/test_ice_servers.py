"""The STUN and TURN servers that clients get."""

import base64
import hashlib
import hmac

import pytest

from hubbub_contracts.socket.base import IceServer
from hubbub_service import load_settings
from hubbub_signaling.domain.ice_servers import IceServers, TurnServers, is_turn_uri
from hubbub_signaling.settings import Settings

SECRET = "a secret of the operator"
TURN = TurnServers(["turn:turn.example.org:3478?transport=udp"], SECRET, ttl=3600)


def test_a_credential_is_a_mac_over_the_username_with_the_expiry() -> None:
    issued = TURN.credentials("peer", now=1_700_000_000.9)
    assert issued.username == "1700003600:peer"
    mac = hmac.new(SECRET.encode(), b"1700003600:peer", hashlib.sha1).digest()
    assert issued.credential == base64.b64encode(mac).decode()
    assert issued.urls == TURN.urls


def test_credentials_differ_by_peer_and_time() -> None:
    servers = IceServers(turn=TURN)
    issued = [servers.for_peer(peer, now)[0].credential for peer, now in (("a", 0), ("b", 0), ("a", 1))]
    assert len(set(issued)) == 3


def test_fixed_servers_come_first_and_unchanged() -> None:
    stun = IceServer(urls=["stun:stun.example.org"])
    assert IceServers([stun]).for_peer("peer", 0) == [stun]
    assert IceServers([stun], TURN).for_peer("peer", 0)[0] == stun


def test_the_secret_is_not_in_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("TURN_URLS", "turn:a")
    monkeypatch.setenv("TURN_SECRET", SECRET)
    settings = load_settings(Settings)
    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.client_ice_servers)


@pytest.mark.parametrize(
    "uri",
    ["turn:turn.example.org", "turns:10.0.0.1:5349", "turn:[2001:db8::1]:3478?transport=tcp", "turn:a?transport=udp"],
)
def test_a_turn_uri_is_accepted(uri: str) -> None:
    assert is_turn_uri(uri)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stun:stun.example.org",
        "turn://turn.example.org",
        "turn:",
        "turn:a:0",
        "turn:a:70000",
        "turn:a?transport=sctp",
        "turn:user@a",
        "turn:a\n",
    ],
)
def test_other_text_is_not_a_turn_uri(text: str) -> None:
    assert not is_turn_uri(text)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TURN_URLS": "turn:a"}, "TURN_URLS is set and TURN_SECRET is not"),
        ({"TURN_SECRET": SECRET}, "TURN_SECRET is set and TURN_URLS is not"),
        ({"TURN_URLS": "turn:a, http://b", "TURN_SECRET": SECRET}, "TURN_URLS: Value error, not a TURN URI"),
        ({"TURN_URLS": "turn:a", "TURN_SECRET": "short"}, "TURN_SECRET: "),
        ({"TURN_TTL": "0"}, "TURN_TTL: "),
        ({"ICE_TRANSPORT_POLICY": "relay"}, "ICE_TRANSPORT_POLICY is `relay` without a TURN server"),
        ({"ICE_TRANSPORT_POLICY": "some"}, "ICE_TRANSPORT_POLICY: "),
    ],
)
def test_invalid_settings_end_the_start_with_a_message(
    environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exited:
        load_settings(Settings)
    assert exited.value.code == 2
    output = capsys.readouterr().err
    assert message in output
    assert SECRET not in output


def test_relay_is_accepted_with_a_fixed_turn_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("ICE_TRANSPORT_POLICY", "relay")
    monkeypatch.setenv("ICE_SERVERS", '[{"urls": ["turn:a"], "username": "u", "credential": "c"}]')
    assert load_settings(Settings).client_ice_servers.policy == "relay"
