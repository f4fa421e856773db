"""The grant that each HTTP route needs where access tokens are used. A route without a row is not served.

Other rules of a route come on top: in which rooms the grants hold, and that a viewer is hidden. Events have their
grants in `handlers/catalogue.py` and `handlers/calls/catalogue.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from hubbub_contracts import ErrorCode, HubbubError

from .authorization import Grant

PUBLIC: Final = "public"
"""Anybody may ask. So is the page with its assets, which has no routes."""

ROUTE_GRANTS: Mapping[tuple[str, str], Grant | Literal["public"]] = {
    ("GET", "/health"): PUBLIC,
    ("GET", "/ready"): PUBLIC,
    ("GET", "/stats"): Grant.ADMIN,
    ("GET", "/metrics"): Grant.ADMIN,
    ("GET", "/openapi.json"): Grant.ADMIN,
    ("GET", "/docs"): Grant.ADMIN,
    ("POST", "/rooms"): Grant.ADMIN,
    ("GET", "/rooms"): Grant.ADMIN,
    ("GET", "/rooms/{room}"): Grant.MODERATE,
    ("PATCH", "/rooms/{room}"): Grant.MODERATE,
    ("DELETE", "/rooms/{room}"): Grant.MODERATE,
    ("DELETE", "/rooms/{room}/bans"): Grant.MODERATE,
    ("POST", "/rooms/{room}/announcements"): Grant.MODERATE,
    ("GET", "/rooms/{room}/peers"): Grant.MODERATE,
    ("GET", "/rooms/{room}/producers"): Grant.MODERATE,
    ("GET", "/rooms/{room}/transports"): Grant.MODERATE,
    ("DELETE", "/rooms/{room}/peers/{peerId}"): Grant.MODERATE,
    ("POST", "/rooms/{room}/peers/{peerId}/mute"): Grant.MODERATE,
    ("POST", "/rooms/{room}/peers/{peerId}/stop"): Grant.MODERATE,
    ("GET", "/nodes"): Grant.ADMIN,
    ("POST", "/nodes/{nodeId}/drain"): Grant.ADMIN,
    ("POST", "/calls"): Grant.CALLS,
    ("GET", "/calls"): Grant.CALLS,
    ("GET", "/calls/{callId}"): Grant.CALLS,
    ("POST", "/calls/{callId}/join"): Grant.CALLS,
    ("POST", "/calls/{callId}/leave"): Grant.CALLS,
    ("POST", "/calls/{callId}/end"): Grant.CALLS,
    ("GET", "/calls/{callId}/participants"): Grant.CALLS,
    ("GET", "/presence"): Grant.CALLS,
    ("POST", "/recordings"): Grant.RECORD,
    ("GET", "/recordings"): Grant.RECORD,
    ("GET", "/recordings/{recordingId}"): Grant.RECORD,
    ("DELETE", "/recordings/{recordingId}"): Grant.RECORD,
    ("POST", "/recordings/{recordingId}/stop"): Grant.RECORD,
    ("POST", "/recordings/{recordingId}/ticket"): Grant.RECORD,
    ("POST", "/recordings/{recordingId}/compositions"): Grant.RECORD,
    ("GET", "/recordings/{recordingId}/files/{file}"): Grant.RECORD,  # or a ticket, which such a client has made
    ("POST", "/webhooks"): Grant.ADMIN,
    ("GET", "/webhooks"): Grant.ADMIN,
    ("PUT", "/webhooks/{webhookId}"): Grant.ADMIN,
    ("DELETE", "/webhooks/{webhookId}"): Grant.ADMIN,
    ("POST", "/webhooks/{webhookId}/test"): Grant.ADMIN,
    ("GET", "/webhooks/{webhookId}/dead-letters"): Grant.ADMIN,
    ("POST", "/webhooks/{webhookId}/dead-letters/replay"): Grant.ADMIN,
    ("POST", "/revocations"): Grant.ADMIN,
    ("POST", "/tokens"): Grant.ADMIN,  # and an API key
    ("OPTIONS", "/whip/{room}"): Grant.PUBLISH,
    ("GET", "/whip/{room}"): Grant.PUBLISH,
    ("POST", "/whip/{room}"): Grant.PUBLISH,
    ("GET", "/whip/{room}/{session}"): Grant.PUBLISH,
    ("PATCH", "/whip/{room}/{session}"): Grant.PUBLISH,
    ("DELETE", "/whip/{room}/{session}"): Grant.PUBLISH,
    ("OPTIONS", "/whep/{room}"): Grant.SUBSCRIBE,
    ("GET", "/whep/{room}"): Grant.SUBSCRIBE,
    ("POST", "/whep/{room}"): Grant.SUBSCRIBE,
    ("POST", "/whep/{room}/{peer}"): Grant.SUBSCRIBE,
    ("GET", "/whep/{room}/{session}"): Grant.SUBSCRIBE,
    ("PATCH", "/whep/{room}/{session}"): Grant.SUBSCRIBE,
    ("DELETE", "/whep/{room}/{session}"): Grant.SUBSCRIBE,
}
"""By method and path."""


def require_named(method: str, path: str) -> None:
    """Raises `internal` for a route without a row: nobody has decided who may use it."""
    if (method, path) not in ROUTE_GRANTS:
        raise HubbubError(ErrorCode.INTERNAL, "this route names no grant")
