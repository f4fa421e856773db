"""Error codes and error replies. Each code is stable and states whether the client or the server is at fault."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from .base import Model


class ErrorCode(StrEnum):
    """Every code that a client or a service can receive."""

    INVALID_ARGUMENT = "invalid_argument"
    INVALID_STATE = "invalid_state"
    UNAUTHENTICATED = "unauthenticated"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    ROOM_NOT_FOUND = "room_not_found"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"
    QUOTA_EXCEEDED = "quota_exceeded"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNKNOWN_EVENT = "unknown_event"
    UNAVAILABLE = "unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    CANCELLED = "cancelled"
    MUTED = "muted"
    ROOM_LOCKED = "room_locked"
    BANNED = "banned"
    NOT_ADMITTED = "not_admitted"
    INTERNAL = "internal"


Fault = Literal["client", "server"]

FAULT: dict[ErrorCode, tuple[Fault, str]] = {
    ErrorCode.INVALID_ARGUMENT: ("client", "a field is missing, has the wrong type or contradicts another"),
    ErrorCode.INVALID_STATE: ("client", "not possible in the present state of the session or the object"),
    ErrorCode.UNAUTHENTICATED: ("client", "the access token is missing, wrong or expired: a new one is needed"),
    ErrorCode.NOT_ALLOWED: ("client", "this peer may not do that"),
    ErrorCode.NOT_FOUND: (
        "client",
        "no such transport, producer, consumer or peer, or it belongs to another peer",
    ),
    ErrorCode.ROOM_NOT_FOUND: ("client", "no such room: it was never created, or it was closed after being empty"),
    ErrorCode.CONFLICT: ("client", "the id is already in use, or the `operationId` was used for another event"),
    ErrorCode.UNSUPPORTED: ("client", "client and server have no codec or feature in common"),
    ErrorCode.QUOTA_EXCEEDED: (
        "client",
        "a limit on rooms, peers, transports, producers, consumers or the bytes of a room is reached",
    ),
    ErrorCode.TOO_LARGE: ("client", "the message exceeds the size limit"),
    ErrorCode.RATE_LIMITED: ("client", "too many messages in a short time"),
    ErrorCode.UNKNOWN_EVENT: ("client", "no such event"),
    ErrorCode.UNAVAILABLE: ("server", "a required service does not answer at the moment"),
    ErrorCode.DEADLINE_EXCEEDED: ("server", "the request timed out; whether it took effect is unknown"),
    ErrorCode.CANCELLED: ("client", "the request was cancelled because the peer left or the socket closed"),
    ErrorCode.MUTED: ("client", "a moderator muted this source, and has not lifted that yet"),
    ErrorCode.ROOM_LOCKED: ("client", "a moderator locked the room: nobody new may join"),
    ErrorCode.BANNED: ("client", "a moderator banned this user from the room until the room ends"),
    ErrorCode.NOT_ADMITTED: ("client", "no moderator admitted the client from the lobby, or one refused it"),
    ErrorCode.INTERNAL: ("server", "a bug in the server; the log has the details under the trace id"),
}
"""The party at fault for each code, and its meaning."""


class ErrorBody(Model):
    """The value of `error` in an error reply."""

    code: str
    """One of the codes in the table of errors."""
    message: str
    """An explanation for the developer, in English. Its text may change."""
    retryable: bool = False
    """Whether the same request may succeed when it is sent again after a pause."""
    limit: str | None = None
    """Of `quota_exceeded`: which limit is reached, as in the table of limits."""


class ErrorReply(Model):
    """An acknowledgement or reply that reports an error."""

    error: ErrorBody
    """The error."""


class HubbubError(Exception):
    """An error that is safe to return to the caller unchanged."""

    def __init__(self, code: ErrorCode, message: str, *, retryable: bool = False, limit: str | None = None) -> None:
        super().__init__(f"{code.value}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable
        self.limit = limit

    def reply(self) -> ErrorReply:
        """The error as a reply."""
        body = ErrorBody(code=self.code.value, message=self.message, retryable=self.retryable, limit=self.limit)
        return ErrorReply(error=body)

    @classmethod
    def from_body(cls, body: ErrorBody) -> HubbubError:
        """The error that another service replied with. An unknown code is read as `internal`."""
        try:
            code = ErrorCode(body.code)
        except ValueError:
            code = ErrorCode.INTERNAL
        return HubbubError(code, body.message, retryable=body.retryable, limit=body.limit)


Limit = Literal[
    "rooms",
    "roomsOfTenant",
    "peersOfRoom",
    "audienceOfRoom",
    "peersOfTenant",
    "waitingOfRoom",
    "producersOfRoom",
    "producersOfPeer",
    "transportsOfPeer",
    "transportsOfTenant",
    "consumersOfPeer",
    "consumersOfTenant",
    "incomingBitrateOfTenant",
    "bytesOfRoom",
    "decisionsOfRoom",
    "connectionsOfUser",
    "calls",
    "participantsOfCall",
    "recordings",
    "compositions",
    "webhooks",
    "revocations",
]
"""What a quota counts."""

LIMITS: dict[Limit, str] = {
    "rooms": "rooms of the installation: `MAX_ROOMS`",
    "roomsOfTenant": "rooms of one tenant: `MAX_ROOMS_PER_TENANT`",
    "peersOfRoom": "participants of a room: `MAX_PEERS_PER_ROOM`, or its option `maxPeers`",
    "audienceOfRoom": "audience of a room: `MAX_AUDIENCE_PER_ROOM`",
    "peersOfTenant": "participants and audiences of all rooms of one tenant: `MAX_PEERS_PER_TENANT`",
    "waitingOfRoom": "peers in the lobby of a room: `MAX_WAITING_PER_ROOM`",
    "producersOfRoom": "producers in a room: `MAX_PRODUCERS_PER_ROOM`",
    "producersOfPeer": "producers of a peer: `MAX_PRODUCERS_PER_PEER`",
    "transportsOfPeer": "transports of a peer: `MAX_TRANSPORTS_PER_PEER`",
    "transportsOfTenant": "transports in all rooms of one tenant: `MAX_TRANSPORTS_PER_TENANT`",
    "consumersOfPeer": "consumers of a peer: `MAX_CONSUMERS_PER_PEER`",
    "consumersOfTenant": "consumers in all rooms of one tenant: `MAX_CONSUMERS_PER_TENANT`",
    "incomingBitrateOfTenant": "what all rooms of one tenant receive: `MAX_INCOMING_BITRATE_PER_TENANT`",
    "bytesOfRoom": "bytes of the records of a room: `MAX_ROOM_BYTES`",
    "decisionsOfRoom": "muted sources, banned users or assigned roles of a room: 256 each",
    "connectionsOfUser": "connections of the user of a token to one instance: `MAX_CONNECTIONS_PER_USER`",
    "calls": "live calls: `MAX_CALLS`",
    "participantsOfCall": "users of a call: 100",
    "recordings": "rooms that a recorder records: `MAX_RECORDINGS`",
    "compositions": "compositions of a recording, or that wait: `MAX_COMPOSITIONS`",
    "webhooks": "endpoints of an installation: 16",
    "revocations": "revocations that are kept",
}
"""Each limit, and the setting that sets it."""


class QuotaExceeded(HubbubError):
    """A limit is reached."""

    def __init__(self, limit: Limit, message: str, *, retryable: bool = False) -> None:
        super().__init__(ErrorCode.QUOTA_EXCEEDED, message, retryable=retryable, limit=limit)
