"""The one rule for what a client may do: each request and route names the grant that it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from hubbub_access import Grants
from hubbub_access.grants import normalized
from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.track_source import named_source

from .identity import Identity


class Grant(Enum):
    """What a request needs."""

    ADMITTED = "admitted"
    """Any valid token: the request acts on what an earlier one, with a grant, has created."""
    JOIN = "join"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    CALLS = "calls"
    RECORD = "record"
    MODERATE = "moderate"
    HIDDEN = "hidden"
    ADMIN = "admin"


_HELD: Mapping[Grant, Callable[[Grants], bool]] = {
    Grant.ADMITTED: lambda _grants: True,
    Grant.JOIN: lambda grants: grants.may_join,
    Grant.PUBLISH: lambda grants: grants.may_publish_something,
    Grant.SUBSCRIBE: lambda grants: grants.may_subscribe,
    Grant.CALLS: lambda grants: grants.may_call,
    Grant.RECORD: lambda grants: grants.may_record,
    Grant.MODERATE: lambda grants: grants.may_moderate,
    Grant.HIDDEN: lambda grants: grants.admin or grants.hidden,
    Grant.ADMIN: lambda grants: grants.admin,
}


def require(identity: Identity, grant: Grant) -> None:
    """Raises `not_allowed` without the grant."""
    if not _HELD[grant](identity.grants):
        raise HubbubError(ErrorCode.NOT_ALLOWED, f"this client has no grant `{grant.value}`")


def require_installation(identity: Identity) -> None:
    """Raises `not_allowed` for whoever is of a named tenant: the request concerns those of all tenants."""
    if identity.tenant is not None:
        raise HubbubError(ErrorCode.NOT_ALLOWED, "only the operator of all tenants may do this")


def require_room(identity: Identity, call_id: str) -> None:
    """Raises `not_allowed` when the grants do not hold in this room, or were revoked there."""
    if identity.closed_rooms and normalized(call_id) in identity.closed_rooms:
        raise HubbubError(ErrorCode.NOT_ALLOWED, "the access token was revoked in this room")
    if not identity.grants.allows_room(call_id):
        raise HubbubError(ErrorCode.NOT_ALLOWED, "the access token is not for this room")


def require_room_id(identity: Identity, room_id: str) -> None:
    """As `require_room`, for a room id that a client sent."""
    try:
        if ids.tenant(room_id) != identity.tenant:
            raise HubbubError(ErrorCode.NOT_ALLOWED, "the room is of another tenant")
        if not identity.grants.admin or identity.closed_rooms:
            require_room(identity, ids.call_id(room_id))
    except ValueError as error:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such room") from error


def may_publish(identity: Identity, kind: str, app_data: Mapping[str, Any], source: str | None = None) -> bool:
    """Whether the client may send this track. `source` is the one of its producer; None: by its `appData`."""
    return identity.grants.may_publish(kind, source or named_source(kind, app_data))


def allows_room_id(identity: Identity, room_id: str) -> bool:
    """Whether the grants hold in this room."""
    try:
        require_room_id(identity, room_id)
    except HubbubError:
        return False
    return True


def require_publish(identity: Identity, kind: str, app_data: Mapping[str, Any], source: str | None = None) -> None:
    """Raises `not_allowed` when the client may not send this track."""
    if not may_publish(identity, kind, app_data, source):
        raise HubbubError(ErrorCode.NOT_ALLOWED, f"this client may send no {kind} from this source")
