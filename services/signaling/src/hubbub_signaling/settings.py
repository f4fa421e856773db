"""Signaling's settings, read from environment variables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from hubbub_access import KeySet, TokenVerifier
from hubbub_contracts import ids
from hubbub_contracts.socket.base import IceServer
from hubbub_contracts.types import Region, TenantId
from hubbub_service.settings import ServiceSettings

from .adapters.tls import load_context
from .domain.client_address import TrustedProxies, parse_networks
from .domain.client_limits import Limits
from .domain.exposure import is_fetchable, why_reachable
from .domain.ice_servers import IceServers, IceTransportPolicy, TurnServers, is_turn_uri
from .domain.identity import IdentityPolicy, Withhold
from .domain.media_access import ENCODER, PLAYER, MediaAccess
from .domain.origins import ANY, AllowedOrigins, parse_origin
from .domain.token_issue import TokenIssue

HTTP_REQUESTS_PER_USER = 2_000
"""Of a user with an access token, at once. They come back within 100 seconds."""
_URL = re.compile(r"https?://", re.IGNORECASE)
_PATH = re.compile(r"(/[\w.~-]+)+", re.ASCII)


class Settings(ServiceSettings):
    """Adds signaling's settings to those of every service."""

    port: int = Field(4000, ge=0, le=65535, description="TCP port of HTTP and Socket.IO.")
    host: str = Field("0.0.0.0", description="Address to listen on.")
    frontend_url: str | None = Field(
        None,
        description="Origins from which pages may connect, comma-separated; `*` is any. The page that signaling serves "
        "may always connect. Not set: no other, with ENVIRONMENT=development any.",
    )
    base_path: str = Field(
        "", description="Path under which a proxy serves this installation, such as `/call`; the root when not set."
    )
    trusted_proxies: str | None = Field(
        None,
        description="Networks of the proxies in front of signaling, comma-separated, such as `10.0.0.0/8,fd00::/8`: "
        "client addresses are read from their X-Forwarded-For. Not set: they are those of the connections.",
    )
    max_connections_per_address: int = Field(
        2_000,
        gt=0,
        description="Largest number of connections of a client address to this instance. IPv6 counts by /64, and with "
        "16 times each limit by /48. Clients with a valid token count apart, with ten times each limit.",
    )
    max_room_requests_per_address: int = Field(
        1_000,
        gt=0,
        description="Largest number of `createRoom` requests that a client address may send at once; they come back "
        "within 100 seconds.",
    )
    max_messages_per_address: int = Field(
        1_000,
        gt=0,
        description="Socket messages a second of a client address that this instance handles. More wait for their "
        "turn, so that one address cannot delay the clients of others.",
    )
    max_connections_per_user: int = Field(
        200,
        gt=0,
        description="Largest number of connections to this instance of the user, the `sub`, of an access token.",
    )
    max_room_requests_per_user: int = Field(
        200,
        gt=0,
        description="The same as MAX_ROOM_REQUESTS_PER_ADDRESS for the user of an access token.",
    )
    max_messages_per_user: int = Field(
        400,
        gt=0,
        description="The same as MAX_MESSAGES_PER_ADDRESS for the user of an access token.",
    )
    reconnect_grace: float = Field(30.0, gt=0, description="Seconds that a resumable session outlives its socket.")
    signaling_id: str = Field(
        default_factory=ids.mint, description="Unique name of this instance; random when not set."
    )
    region: Region | None = Field(
        None,
        description="Where this instance is, as the `REGION` of media nodes near it: the region of its clients that "
        "name none.",
    )
    ice_servers: list[IceServer] = Field(
        default_factory=list, description="STUN and TURN servers that clients get unchanged, as a JSON array."
    )
    turn_urls: str | None = Field(
        None,
        description="TURN servers that share TURN_SECRET, comma-separated: `turn:host:3478?transport=udp`, "
        "`turns:host:5349`. Clients get credentials that expire (TURN_TTL).",
    )
    turn_secret: SecretStr | None = Field(
        None, min_length=16, description="The `static-auth-secret` of the TURN servers."
    )
    turn_ttl: int = Field(
        86_400, ge=60, le=31_536_000, description="Seconds that TURN credentials are valid for new allocations."
    )
    ice_transport_policy: IceTransportPolicy | None = Field(
        None, description="`relay`: clients use TURN only. `all`, the browsers' default: clients use any path."
    )
    captions: bool = Field(True, description="Whether people in a room may switch on captions.")
    tls_cert: Path | None = Field(
        None, description="PEM file of the certificate and its chain, for HTTPS; reloaded when it changes."
    )
    tls_key: Path | None = Field(None, description="PEM file of the certificate's key, unencrypted.")
    api_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="Key of the application's servers for the routes about recordings, and calls of any user.",
    )
    tenant_api_keys: dict[TenantId, Annotated[SecretStr, Field(min_length=16)]] = Field(
        default_factory=dict,
        description='Such keys of the tenants that ACCESS_KEYS names, as a JSON object: `{"acme": "..."}`.',
    )
    trust_user_header: bool = Field(
        False,
        description="Believe `X-User-Id` from every client, because a proxy authenticates clients and sets it. "
        "Otherwise only clients on this machine, and those with API_KEY, may name a user.",
    )
    auth: bool | None = Field(
        None,
        description="Whether clients need an access token, signed by a key of ACCESS_KEYS: see the guide on access. "
        "Not set: they do, unless HOST is a loopback address and TRUSTED_PROXIES is not set; in a container, unless "
        "PUBLISHED_ADDRESS is one.",
    )
    access_keys: str | None = Field(
        None,
        description="The keys of access tokens: a file with a JWK Set in which each key has `alg`, `kid` and `iss`, or "
        "the URL of a set that an identity provider publishes.",
    )
    access_issuer: str | None = Field(
        None, description="The `iss` of tokens whose key in ACCESS_KEYS, a URL, does not tell its issuer."
    )
    access_audience: str = Field(
        "hubbub", min_length=1, description="The name of this installation in the `aud` of access tokens."
    )
    revocation_ttl: int = Field(
        2_592_000,
        ge=60,
        le=31_536_000,
        description="That of the registry: tokens that live longer from `iat` to `exp` are refused, because they would "
        "outlive their revocation.",
    )
    whip_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token of the clients that publish by WHIP into any room. With AUTH, access tokens are "
        "accepted too; without both, only clients on this machine may publish, and need no token.",
    )
    whep_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token of the clients that watch any room by WHEP. With AUTH, access tokens are accepted "
        "too; without both, only clients on this machine may watch, and need no token.",
    )
    participants_record: bool = Field(
        True,
        description="Whether people in a room may start and stop its recording: everybody, and with AUTH those whose "
        "token grants `record`. Servers with API_KEY always may.",
    )
    lobby_timeout: float = Field(
        60.0,
        gt=0,
        description="Seconds for which a client that knows no lobby waits in one. Others wait as long as they like.",
    )
    page_dir: Path | None = Field(
        None, description="Directory of the built page, served at /; not served when not set."
    )

    @field_validator("frontend_url")
    @classmethod
    def _check_origins(cls, value: str | None) -> str | None:
        return ",".join(parse_origin(one) for one in _split(value)) or None

    @field_validator("base_path")
    @classmethod
    def _check_base_path(cls, value: str) -> str:
        path = value.rstrip("/")
        if path and not _PATH.fullmatch(path):
            raise ValueError("not a path such as `/call`")
        return path

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: str | None) -> str | None:
        parse_networks(value or "")
        return value

    @field_validator("turn_urls")
    @classmethod
    def _check_turn_uris(cls, value: str | None) -> str | None:
        for uri in _split(value):
            if not is_turn_uri(uri):
                raise ValueError("not a TURN URI (RFC 7065) like `turn:host:3478?transport=udp` or `turns:host:5349`")
        return value

    @model_validator(mode="after")
    def _check_turn(self) -> Self:
        urls = _split(self.turn_urls)
        if bool(urls) != bool(self.turn_secret):
            present, absent = ("TURN_URLS", "TURN_SECRET") if urls else ("TURN_SECRET", "TURN_URLS")
            raise ValueError(f"{present} is set and {absent} is not: set both or neither")
        relays = [url for server in self.ice_servers for url in server.urls if url.startswith("turn")]
        if self.ice_transport_policy == "relay" and not urls and not relays:
            raise ValueError("ICE_TRANSPORT_POLICY is `relay` without a TURN server: no client could connect")
        return self

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if self.tls_cert and self.tls_key:
            load_context(self.tls_cert, self.tls_key)
        elif self.tls_cert or self.tls_key:
            present, absent = ("TLS_CERT", "TLS_KEY") if self.tls_cert else ("TLS_KEY", "TLS_CERT")
            raise ValueError(f"{present} is set and {absent} is not: set both or neither")
        return self

    @model_validator(mode="after")
    def _check_access(self) -> Self:
        reachable = self.why_reachable
        if self.access_keys_url is not None and not is_fetchable(self.access_keys_url):
            raise ValueError("ACCESS_KEYS: a URL must be https, or http of this machine: others could replace the keys")
        if self.uses_tokens and self._keys_file is None and self.access_keys_url is None:
            why = "" if self.auth else f", because {reachable} and AUTH is not set"
            raise ValueError(
                f"clients need access tokens{why}, and ACCESS_KEYS names no keys. Make one with `hubbub token key "
                "keys.json` and set ACCESS_KEYS to that file; or let only this machine connect (HOST=127.0.0.1, in "
                "containers LISTEN=127.0.0.1); or let everybody enter any room with AUTH=off"
            )
        if self.uses_tokens and self.trust_user_header:
            raise ValueError(
                "AUTH and TRUST_USER_HEADER exclude each other, since a token names the user: set AUTH=off when a "
                "proxy authenticates all clients"
            )
        keys = None if self._keys_file is None else KeySet.read(self._keys_file)
        self._check_tenants(frozenset() if keys is None else keys.tenants)
        return self

    def _check_tenants(self, named: frozenset[str]) -> None:
        if unknown := sorted(self.tenant_api_keys.keys() - named):
            raise ValueError(f"TENANT_API_KEYS: ACCESS_KEYS has no key of the tenant {unknown[0]}")
        keys = [each.get_secret_value() for each in (*self.tenant_api_keys.values(), self.api_key) if each is not None]
        if len({*keys}) != len(keys):
            raise ValueError("TENANT_API_KEYS: two tenants have the same key")

    @property
    def uses_tokens(self) -> bool:
        """Whether clients need access tokens."""
        return self.why_reachable is not None if self.auth is None else self.auth

    @property
    def why_reachable(self) -> str | None:
        """See `ServiceSettings`; outside of containers, the address on which it listens decides."""
        return why_reachable(self.host, self.published_address, self.trusted_proxies)

    @property
    def _keys_file(self) -> Path | None:
        """The file of ACCESS_KEYS. An empty one counts as none: containers mount one when there are no keys."""
        if self.access_keys is None or self.access_keys_url is not None:
            return None
        path = Path(self.access_keys)
        return None if path.exists() and not path.stat().st_size else path

    @property
    def access_keys_url(self) -> str | None:
        """The URL of ACCESS_KEYS; None when it is a file, or not set."""
        text = self.access_keys
        return text if text is not None and _URL.match(text) else None

    @property
    def address_limits(self) -> Limits:
        """The limits of an address, for clients without a token."""
        return Limits(
            self.max_connections_per_address, self.max_room_requests_per_address, self.max_messages_per_address
        )

    @property
    def user_limits(self) -> Limits:
        """The limits of the user of a token."""
        return Limits(
            self.max_connections_per_user,
            self.max_room_requests_per_user,
            self.max_messages_per_user,
            http_requests=HTTP_REQUESTS_PER_USER,
        )

    @property
    def allowed_origins(self) -> AllowedOrigins:
        """The origins of FRONTEND_URL."""
        return AllowedOrigins(_split(self.frontend_url) or ([ANY] if self.development else []))

    @property
    def proxies(self) -> TrustedProxies:
        """The proxies of TRUSTED_PROXIES."""
        return TrustedProxies(parse_networks(self.trusted_proxies or ""))

    def token_verifier(self, on_unknown_key: Callable[[], bool]) -> TokenVerifier | None:
        """Verifies access tokens; None when clients need none. Keys of a URL are not known yet.

        `on_unknown_key`: see `TokenVerifier`.
        """
        if not self.uses_tokens:
            return None
        keys = None if self._keys_file is None else KeySet.read(self._keys_file)
        return TokenVerifier(keys, self.access_audience, on_unknown_key, self.revocation_ttl)

    @property
    def token_issue(self) -> TokenIssue:
        """Creates access tokens, if a key of ACCESS_KEYS can sign."""
        keys = None if self._keys_file is None else KeySet.read(self._keys_file)
        return TokenIssue(keys, self.access_audience, self.revocation_ttl)

    def identity_policy(self, tokens: TokenVerifier | None, withhold: Withhold) -> IdentityPolicy:
        """Who may name a user. `withhold` takes from an identity what was revoked."""
        key = None if self.api_key is None else self.api_key.get_secret_value()
        return IdentityPolicy(
            api_key=key,
            trust_user_header=self.trust_user_header,
            tokens=tokens,
            tenant_api_keys={tenant: each.get_secret_value() for tenant, each in self.tenant_api_keys.items()},
            withhold=withhold,
        )

    @property
    def whip_access(self) -> MediaAccess:
        """Who may publish by WHIP."""
        return MediaAccess(None if self.whip_token is None else self.whip_token.get_secret_value(), ENCODER)

    @property
    def whep_access(self) -> MediaAccess:
        """Who may watch by WHEP."""
        return MediaAccess(None if self.whep_token is None else self.whep_token.get_secret_value(), PLAYER)

    @property
    def client_ice_servers(self) -> IceServers:
        """The ICE configuration of clients."""
        turn = None
        if self.turn_secret is not None:
            turn = TurnServers(_split(self.turn_urls), self.turn_secret.get_secret_value(), self.turn_ttl)
        return IceServers(self.ice_servers, turn, self.ice_transport_policy)


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
