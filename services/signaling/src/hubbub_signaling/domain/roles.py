"""The role of a participant: by its access token, or as a moderator has decided."""

from __future__ import annotations

from hubbub_access import Grants
from hubbub_contracts.bus.moderation_records import ROLE_UNKNOWN, Moderation
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.types import RoomRole


def granted_role(grants: Grants) -> RoomRole:
    """The role that an access token gives."""
    if grants.may_moderate:
        return "moderator"
    return "speaker" if grants.may_publish_something else "listener"


def assigned_role(rules: Moderation, peer: PeerRecord) -> str | None:
    """The role that replaces the one of the peer's token: a moderator gave it, or the room makes listeners.

    None: the token decides.
    """
    return rules.assigned_role(peer.user_id, peer.room_role)


def role_of(rules: Moderation, peer: PeerRecord) -> str:
    """The role of a peer."""
    return assigned_role(rules, peer) or peer.room_role or ROLE_UNKNOWN


def with_role(grants: Grants, role: str | None) -> Grants:
    """What a client may do to whom a moderator gave this role. It replaces `publish` and `moderate` of the token.

    None, and a role that this version does not know, change nothing.
    """
    match role:
        case "moderator":
            return grants.model_copy(update={"moderate": True, "publish": grants.publish or True})
        case "speaker":
            explicit = _explicit(grants)
            return explicit.model_copy(update={"moderate": False, "publish": explicit.publish or True})
        case "listener":
            return _explicit(grants).model_copy(update={"moderate": False, "publish": False})
    return grants


def _explicit(grants: Grants) -> Grants:
    """The same grants without `admin`, which would contain the others."""
    if not grants.admin:
        return grants
    return Grants(
        rooms=("*",),
        join=True,
        publish=True,
        subscribe=True,
        moderate=True,
        calls=True,
        record=True,
        hidden=grants.hidden,
    )
