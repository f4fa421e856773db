"""The base classes of the socket messages."""

from __future__ import annotations

import json
from functools import cached_property
from typing import ClassVar, Generic, TypeVar, cast

from ..base import Model, answer_model
from ..types import OperationId

AnswerT = TypeVar("AnswerT", bound=Model)


class ClientRequest(Model, Generic[AnswerT]):
    """An event from a client. The type parameter is the model of its acknowledgement."""

    event: ClassVar[str]

    @classmethod
    def answer_model(cls) -> type[AnswerT]:
        """The model of the acknowledgement."""
        return cast("type[AnswerT]", answer_model(cls))


class Mutation(ClientRequest[AnswerT], Generic[AnswerT]):
    """An event from a client that changes state."""

    operation_id: OperationId | None = None
    """Makes the event idempotent: a repetition with the same id returns the first result. The id of another event is a
    `conflict`."""


class Push(Model):
    """An event from the server. All clients that are told the same can be sent the same object."""

    event: ClassVar[str]

    @cached_property
    def encoded(self) -> str:
        """The JSON array of a Socket.IO EVENT packet, in ASCII."""
        return json.dumps([self.event, self.wire()], separators=(",", ":"))


class IceServer(Model):
    """A STUN or TURN server, in the form of RTCIceServer."""

    urls: list[str]
    """URIs such as `stun:host:3478` or `turn:host:3478?transport=tcp` (RFC 7064, RFC 7065)."""
    username: str | None = None
    """Of TURN only: the user name."""
    credential: str | None = None
    """Of TURN only: the password for `username`. Generated credentials expire after `TURN_TTL` seconds."""
