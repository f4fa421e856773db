"""Access tokens that an attacker can make open nothing: no socket, no room, no route.

Row 11 of docs/security.md and ASVS V9, through the ports of an installation.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from hubbub_access import LEEWAY
from support.caller import Caller, rtp_capabilities
from support.client_socket import ClientSocket, Refused
from support.installation import Installation

OWN = rsa.generate_private_key(65537, 2048)
FOREIGN = rsa.generate_private_key(65537, 2048)
ROUTES = ("/stats", "/metrics", "/openapi.json", "/calls", "/recordings")


def _public_pem() -> bytes:
    return OWN.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _unsigned(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _claims(**changes: Any) -> dict[str, Any]:
    grants = {"rooms": ["team/*"], "join": True, "publish": True, "subscribe": True, "admin": True}
    now = int(time.time())
    return {"iss": "app", "aud": "hubbub", "sub": "ann", "iat": now, "exp": now + 600, "hubbub": grants, **changes}


def _signed(key: Any = OWN, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(_claims(**changes), key, algorithm=algorithm, headers={"kid": "one", **(headers or {})})


def _none() -> str:
    return f"{_unsigned({'alg': 'none', 'kid': 'one', 'typ': 'JWT'})}.{_unsigned(_claims())}."


def _swapped() -> str:
    """HS256 with the public key as the secret. PyJWT refuses to sign with a PEM, so it is signed by hand."""
    signed = f"{_unsigned({'alg': 'HS256', 'kid': 'one'})}.{_unsigned(_claims())}"
    mac = hmac.digest(_public_pem(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _changed() -> str:
    head, _, signature = _signed().split(".")
    return f"{head}.{_unsigned(_claims(sub='bob'))}.{signature}"


FORGED: dict[str, str] = {
    "alg none": _none(),
    "HS256 with the public key": _swapped(),
    "foreign key": _signed(FOREIGN),
    "changed claims": _changed(),
    "expired": _signed(exp=int(time.time()) - int(LEEWAY) - 10),
    "not valid yet": _signed(nbf=int(time.time()) + int(LEEWAY) + 600),
    "other issuer": _signed(iss="other"),
    "other audience": _signed(aud="other"),
    "brings its key": _signed(FOREIGN, headers={"jwk": json.loads(RSAAlgorithm.to_jwk(FOREIGN.public_key()))}),
    "names where its key is": _signed(FOREIGN, headers={"jku": "http://127.0.0.1:1/keys"}),
    "unknown key": _signed(headers={"kid": "../../dev/null"}),
    "of another type": _signed(headers={"typ": "dpop+jwt"}),
    "no expiry": jwt.encode(
        {name: value for name, value in _claims().items() if name != "exp"}, OWN, "RS256", headers={"kid": "one"}
    ),
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation that knows a public key."""
    directory = tmp_path_factory.mktemp("guarded")
    keys = directory / "keys.json"
    public = json.loads(RSAAlgorithm.to_jwk(OWN.public_key()))
    keys.write_text(json.dumps({"keys": [{**public, "alg": "RS256", "kid": "one", "iss": "app"}]}))
    with Installation(directory, calls=1, environment={"AUTH": "on", "ACCESS_KEYS": str(keys)}) as running:
        yield running


async def test_a_genuine_token_opens_what_it_grants(guarded: Installation, call_id: str) -> None:
    """Without it, the other tests would pass against an installation that refuses everybody."""
    headers = {"Authorization": f"Bearer {_signed()}"}
    async with (
        Caller(guarded.url, auth={"token": _signed()}) as ann,
        aiohttp.ClientSession(guarded.url, headers=headers) as http,
        http.get("/stats") as answer,
    ):
        await ann.join(f"team/{call_id[-40:]}")
        assert answer.status == 200


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_opens_nothing(guarded: Installation, name: str) -> None:
    token = FORGED[name]
    for namespace in ("", "/calls"):
        with pytest.raises(Refused) as refused:
            await ClientSocket(guarded.url, namespace=namespace, auth={"token": token}).open()
        assert refused.value.code == "unauthenticated"
        assert token not in str(refused.value)
    async with aiohttp.ClientSession(guarded.url, headers={"Authorization": f"Bearer {token}"}) as http:
        for route in ROUTES:
            async with http.get(route) as answer:
                assert answer.status == 401, route
        for whip in ("/whip/room", "/whep/room"):
            async with http.post(whip, data="v=0", headers={"Content-Type": "application/sdp"}) as answer:
                assert answer.status == 401, whip


async def test_a_session_is_not_renewed_by_a_forged_token(guarded: Installation, call_id: str) -> None:
    async with Caller(guarded.url, auth={"token": _signed()}) as ann:
        await ann.join(f"team/{call_id[-40:]}")
        for name, token in FORGED.items():
            answer = await ann.request("refreshToken", {"token": token})
            assert answer["error"]["code"] == "unauthenticated", name
        bob = await ann.request("refreshToken", {"token": _signed(sub="bob")})
        assert bob["error"]["code"] == "not_allowed"


async def test_a_genuine_token_opens_no_other_room(guarded: Installation) -> None:
    join = {"userId": "ann", "rtpCapabilities": rtp_capabilities()}
    async with ClientSocket(guarded.url, auth={"token": _signed(hubbub={"rooms": ["team/*"], "join": True})}) as ann:
        for room in ("team", "team2", "teams/a", "", "/team/a", "TEAM/a", "*", "../team/a"):
            for event, payload in (("createRoom", {"callId": room}), ("joinRoom", {"callId": room, **join})):
                answer = await ann.request(event, payload)
                assert answer["error"]["code"] in {"not_allowed", "invalid_argument"}, (event, room)
