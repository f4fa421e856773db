"""STUN and TURN servers, as clients are told of them."""

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


def test_a_credential_is_a_mac_over_its_own_expiry() -> None:
    given = TURN.credentials("peer", now=1_700_000_000.9)
    assert given.username == "1700003600:peer"
    mac = hmac.new(SECRET.encode(), b"1700003600:peer", hashlib.sha1).digest()
    assert given.credential == base64.b64encode(mac).decode()
    assert given.urls == TURN.urls


def test_credentials_are_new_each_time_and_differ_by_peer() -> None:
    servers = IceServers(turn=TURN)
    given = [servers.for_peer(peer, now)[0].credential for peer, now in (("a", 0), ("b", 0), ("a", 1))]
    assert len(set(given)) == 3


def test_fixed_servers_come_first_and_as_they_are() -> None:
    stun = IceServer(urls=["stun:stun.example.org"])
    assert IceServers([stun]).for_peer("peer", 0) == [stun]
    assert IceServers([stun], TURN).for_peer("peer", 0)[0] == stun


def test_the_secret_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_URLS", "turn:a")
    monkeypatch.setenv("TURN_SECRET", SECRET)
    settings = load_settings(Settings)
    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.client_ice_servers)


@pytest.mark.parametrize(
    "uri",
    ["turn:turn.example.org", "turns:10.0.0.1:5349", "turn:[2001:db8::1]:3478?transport=tcp", "turn:a?transport=udp"],
)
def test_turn_uris(uri: str) -> None:
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
def test_what_is_no_turn_uri(text: str) -> None:
    assert not is_turn_uri(text)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TURN_URLS": "turn:a"}, "TURN_URLS is set and TURN_SECRET is not"),
        ({"TURN_SECRET": SECRET}, "TURN_SECRET is set and TURN_URLS is not"),
        ({"TURN_URLS": "turn:a, http://b", "TURN_SECRET": SECRET}, "TURN_URLS: Value error, not a TURN URI"),
        ({"TURN_URLS": "turn:a", "TURN_SECRET": "short"}, "TURN_SECRET: "),
        ({"TURN_TTL": "0"}, "TURN_TTL: "),
        ({"ICE_TRANSPORT_POLICY": "relay"}, "ICE_TRANSPORT_POLICY is `relay` without any TURN server"),
        ({"ICE_TRANSPORT_POLICY": "some"}, "ICE_TRANSPORT_POLICY: "),
    ],
)
def test_wrong_settings_are_explained(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(Settings)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert SECRET not in told


def test_relay_with_a_fixed_turn_server_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICE_TRANSPORT_POLICY", "relay")
    monkeypatch.setenv("ICE_SERVERS", '[{"urls": ["turn:a"], "username": "u", "credential": "c"}]')
    assert load_settings(Settings).client_ice_servers.policy == "relay"
