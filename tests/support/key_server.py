"""An identity provider's key set over HTTP: its keys, and the tokens that they sign."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from hubbub_access import Grants, SigningKey, issue

from .http_server import HttpServer, Quiet

ISSUER = "https://idp.example"


class KeyServer(HttpServer):
    """Serves the public keys that `add` creates."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        """Served instead of the key set."""
        self.status = 200
        self.requests = 0
        self.delay = 0.0
        """Seconds before each answer."""
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        served = self

        class Handler(Quiet, BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.requests += 1
                time.sleep(served.delay)
                body = served._answer()
                self.send_response(served.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        super().__init__(Handler)

    def add(self, kid: str) -> None:
        """Publishes a new key."""
        self._keys[kid] = rsa.generate_private_key(65537, 2048)

    def remove(self, kid: str) -> None:
        """Publishes the key no longer."""
        del self._keys[kid]

    def token(self, kid: str, user: str, grants: Grants) -> str:
        """A token that this key signs."""
        key = SigningKey(kid, "RS256", ISSUER, self._keys[kid])
        return issue(key, user, grants, audience="hubbub", now=time.time(), lifetime=600, token_id=kid)

    def _answer(self) -> bytes:
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [_public(kid, key) for kid, key in self._keys.items()]}).encode()


def _public(kid: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "alg": "RS256", "use": "sig"}
