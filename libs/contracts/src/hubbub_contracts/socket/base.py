"""What the socket's messages have in common."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, cast

from ..base import Model, answer_model

AnswerT = TypeVar("AnswerT", bound=Model)


class ClientRequest(Model, Generic[AnswerT]):
    """A client's event. The type parameter is the model of its acknowledgement."""

    event: ClassVar[str]

    @classmethod
    def answer_model(cls) -> type[AnswerT]:
        """The model of the acknowledgement."""
        return cast("type[AnswerT]", answer_model(cls))


class Mutation(ClientRequest[AnswerT], Generic[AnswerT]):
    """A client's event that changes something. Repeated with the same `operationId` it returns the first result."""

    operation_id: str | None = None


class Push(Model):
    """An event from the server."""

    event: ClassVar[str]


class IceServer(Model):
    """A STUN or TURN server, as RTCPeerConnection takes it."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None
