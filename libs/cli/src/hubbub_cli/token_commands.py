"""`hubbub token`: makes keys and access tokens, and shows what is in a token."""

from __future__ import annotations

import json
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import jwt
import typer
from pydantic import ValidationError

from hubbub_access import LEEWAY, MAX_TOKEN_LENGTH, Grants, TokenVerifier, issue
from hubbub_access.key_set import MIN_SECRET, new_secret
from hubbub_contracts import HubbubError, ids

from .admin_token import admin_token
from .failure import fail
from .http_request import RequestFailed, post_json
from .key_file import read_keys, read_signing_key

tokens = typer.Typer(no_args_is_help=True, help="Access tokens: keys, tokens, and what is in them.")

Keys = Annotated[Path, typer.Option("--keys", envvar="ACCESS_KEYS", help="File with the keys, a JWK Set.")]
Audience = Annotated[str, typer.Option(envvar="ACCESS_AUDIENCE", help="Name of the installation.")]
_LIFETIME = 3600.0


@tokens.command("key")
def key_command(
    keys: Annotated[Path, typer.Argument(help="The file to create.")],
    *,
    issuer: Annotated[str, typer.Option(help="The issuer of the tokens that the key signs.")] = "hubbub",
    tenant: Annotated[str | None, typer.Option(help="The tenant whose rooms the tokens open.")] = None,
) -> None:
    """Create a file with one random key (HS256), which only its owner can read."""
    document = new_secret(ids.mint(), issuer, secrets.token_bytes(MIN_SECRET), tenant)
    try:
        file = os.open(keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(f"{keys}: {error.strerror}", error)
    with os.fdopen(file, "w") as text:
        text.write(json.dumps(document, indent=2) + "\n")
    typer.echo(f"{keys}: set AUTH=on and ACCESS_KEYS to it.")


@tokens.command("create")
def create_command(
    *,
    keys: Keys,
    user: Annotated[str, typer.Option(help="The user's id.")],
    room: Annotated[list[str] | None, typer.Option(help="A room, or a prefix such as `team/*`; repeatable.")] = None,
    name: Annotated[str | None, typer.Option(help="The name to show.", show_default="the client's choice")] = None,
    publish: Annotated[bool, typer.Option(help="May send tracks.")] = True,
    kind: Annotated[list[str] | None, typer.Option(help="Only tracks of this kind; repeatable.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only tracks from this source; repeatable.")] = None,
    subscribe: Annotated[bool, typer.Option(help="May receive tracks.")] = True,
    calls: Annotated[bool, typer.Option(help="May ring and be rung.")] = False,
    record: Annotated[bool, typer.Option(help="May record the rooms.")] = False,
    moderate: Annotated[bool, typer.Option(help="May act on the other participants of the rooms.")] = False,
    hidden: Annotated[bool, typer.Option(help="The others do not see the client.")] = False,
    admin: Annotated[bool, typer.Option(help="May do everything, also read statistics and metrics.")] = False,
    lifetime: Annotated[float, typer.Option(help="Seconds until the token expires.", min=1)] = _LIFETIME,
    audience: Audience = "hubbub",
) -> None:
    """Print a token, signed by the first key of the file that can sign."""
    rooms = room or []
    if not (rooms or calls or admin):
        fail("name a --room, or allow --calls: the token would allow nothing")
    document = {
        "rooms": rooms,
        "join": bool(rooms) or calls,
        "publish": {"kinds": kind or ["audio", "video"], "sources": source}
        if publish and (kind or source)
        else publish,
        "subscribe": subscribe,
        "calls": calls,
        "record": record,
        "moderate": moderate,
        "hidden": hidden,
        "admin": admin,
    }
    signing = read_signing_key(keys)
    try:
        grants = Grants.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", error)
    now = time.time()
    token = issue(
        signing,
        user,
        grants,
        audience=audience,
        now=now,
        lifetime=lifetime,
        token_id=ids.mint(),
        display_name=name,
    )
    try:
        TokenVerifier(read_keys(keys), audience).verify(token, now)
    except HubbubError as error:
        fail(error.message, error)
    typer.echo(token)


@tokens.command("show")
def show_command(token: Annotated[str, typer.Argument(help="The token.")]) -> None:
    """Print the header and the claims of a token, without checking them."""
    parts = _decode(token)
    typer.echo(json.dumps({"header": parts["header"], "claims": parts["payload"]}, indent=2))


@tokens.command("verify")
def verify_command(
    token: Annotated[str, typer.Argument(help="The token.")], *, keys: Keys, audience: Audience = "hubbub"
) -> None:
    """Check a token as signaling does. The exit status is 1 when it is refused."""
    try:
        verified = TokenVerifier(read_keys(keys), audience).verify(token, time.time())
    except HubbubError as error:
        fail(error.message, error)
    typer.echo(verified.model_dump_json(indent=2))


@tokens.command("revoke")
def revoke_command(
    token: Annotated[str | None, typer.Argument(help="The token to revoke, unless --user is given.")] = None,
    *,
    user: Annotated[str | None, typer.Option(help="Revoke the tokens that this user got before now.")] = None,
    room: Annotated[str | None, typer.Option(help="With --user: revoke them in this room only.")] = None,
    keys: Keys,
    audience: Audience = "hubbub",
    url: Annotated[str, typer.Option(help="Address of signaling.")] = "http://localhost:4000",
) -> None:
    """Revoke a token, or those of a user. Sessions with these tokens end.

    The request is signed by the first key of the file that can sign.
    """
    if (token is None) == (user is None):
        fail("name a token, or a --user")
    body: dict[str, Any] = {"userId": user, "callId": room} if token is None else _target(token)
    admin = admin_token(read_signing_key(keys), audience, time.time())
    try:
        answer = post_json(f"{url.rstrip('/')}/revocations", body, bearer=admin)
    except RequestFailed as error:
        fail(str(error), error)
    kept = datetime.fromtimestamp(answer["expiresAt"] / 1000, UTC)
    typer.echo(f"revoked; kept until {kept:%Y-%m-%d %H:%M} UTC")


def _target(token: str) -> dict[str, Any]:
    """The token's `jti`; without one, its user, whose older tokens are revoked with it."""
    claims = _decode(token)["payload"]
    if claims.get("jti"):
        body = {"tokenId": claims["jti"]}
        if isinstance(claims.get("exp"), int | float):
            body["expiresAt"] = round((claims["exp"] + LEEWAY) * 1000)
        return body
    if not claims.get("sub"):
        fail("the token has neither `jti` nor `sub`")
    return {"userId": claims["sub"]}


def _decode(token: str) -> dict[str, Any]:
    """Header and claims, unchecked."""
    try:
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError(f"longer than {MAX_TOKEN_LENGTH} characters")
        return jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        fail(f"not a token: {error}", error)
