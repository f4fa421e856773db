"""Access to an installation that others can reach: its key, and links that contain a token.

A browser does not send the fragment of a link to the server; the page reads the token there.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hubbub_access import Grants, KeySet, KeySetInvalid, issue
from hubbub_access.key_set import MIN_SECRET, new_secret
from hubbub_contracts import ids
from hubbub_signaling.domain.exposure import why_reachable

from .nats_config import write_secret

KEYS = "access-keys.json"
LIFETIME = 7 * 86_400.0
"""Seconds for which a link is valid."""
_HOST = Grants(admin=True)
_GUEST = Grants(rooms=("*",), join=True, publish=True, subscribe=True)
_SWITCH = TypeAdapter(bool)


@dataclass(frozen=True, slots=True)
class Invitations:
    """Tokens for links."""

    host: str = field(repr=False)
    """For whoever runs the installation: may do everything."""
    guest: str = field(repr=False)
    """For the others: may join every room."""
    keys: Path
    """The file with the key that signed them."""

    @staticmethod
    def link(url: str, token: str) -> str:
        """The address of the page with a token."""
        return f"{url}/#token={token}"


@dataclass(frozen=True, slots=True)
class Access:
    """How clients get in."""

    environment: Mapping[str, str]
    """What signaling needs to know in addition."""
    invitations: Invitations | None
    """None: everybody gets in, or the operator's own keys sign the tokens."""


def prepare_access(data_dir: Path, host: str, environment: Mapping[str, str], now: float) -> Access:
    """Creates a key in the data directory when clients need tokens and the operator has no keys.

    `now` is in Unix seconds. Raises ValueError when a variable or a key set is wrong.
    """
    if not _uses_tokens(host, environment):
        return Access({}, None)
    if environment.get("ACCESS_KEYS"):
        return Access({}, None)
    path = data_dir / KEYS
    if not path.exists():
        write_secret(path, json.dumps(new_secret(ids.mint(), "hubbub", secrets.token_bytes(MIN_SECRET)), indent=2))
    try:
        key = KeySet.read(path).signing_key
    except KeySetInvalid as error:
        raise ValueError(f"{error}; remove it to get a new one") from error
    if key is None:
        raise ValueError(f"{path}: has no key that can sign; remove it to get a new one")
    signing = key
    audience = environment.get("ACCESS_AUDIENCE") or "hubbub"

    def token(user: str, grants: Grants) -> str:
        return issue(signing, user, grants, audience=audience, now=now, lifetime=LIFETIME, token_id=ids.mint())

    return Access({"ACCESS_KEYS": str(path)}, Invitations(token("host", _HOST), token("guest", _GUEST), path))


def _uses_tokens(host: str, environment: Mapping[str, str]) -> bool:
    """As signaling decides."""
    switch = environment.get("AUTH")
    if switch:
        try:
            return _SWITCH.validate_python(switch)
        except ValidationError as error:
            raise ValueError("AUTH: must be `on` or `off`") from error
    published = environment.get("PUBLISHED_ADDRESS") or None
    return why_reachable(host, published, environment.get("TRUSTED_PROXIES")) is not None
