"""The base classes of all messages: immutable, camelCase on the wire, lenient when read, strict when sent.

Rules
- Types are strict: `"1"` is not a number and `1` is not a boolean.
- Unknown fields are ignored, so that an older service understands a newer one. For the same reason, an enumeration in
  an event, a reply or a record is open (`open_enum.py`).
- A null field is read as absent: clients written in Python send nulls.
- An absent field is never sent as null: mediasoup-client throws on a null codec parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

PROTOCOL = "hubbub.v1"
"""The prefix of every subject and message type. A breaking change starts a `hubbub.v2` next to it."""


class Model(BaseModel):
    """The base of every message and stored record."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="ignore",
        strict=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: item for name, item in value.items() if item is not None}
        return value

    def wire(self) -> dict[str, Any]:
        """The message as a JSON object, with camelCase names and without absent fields."""
        return self.model_dump(mode="json", exclude_none=True)


class Done(Model):
    """An empty reply: the request succeeded."""


ReplyT = TypeVar("ReplyT", bound=Model)
ModelT = TypeVar("ModelT", bound=Model)


def defined_in(modules: Iterable[ModuleType], kind: type[ModelT]) -> tuple[type[ModelT], ...]:
    """The subclasses of `kind` that the modules define, in the order of their definitions."""
    # pydantic adds the parametrised bases, such as `Request[Done]`, to the module as well: they have an origin.
    return tuple(
        model
        for module in modules
        for model in vars(module).values()
        if isinstance(model, type)
        and issubclass(model, kind)
        and model.__module__ == module.__name__
        and model.__pydantic_generic_metadata__["origin"] is None
    )


def answer_model(message: type[Model]) -> type[Model]:
    """The model of the answer to `message`, which is the type parameter of its base class.

    Raises TypeError when the class has none.
    """
    for base in message.__mro__:
        metadata = getattr(base, "__pydantic_generic_metadata__", None)
        if metadata and metadata["args"] and isinstance(metadata["args"][0], type):
            return cast("type[Model]", metadata["args"][0])
    raise TypeError(f"{message.__name__} has no type parameter for its answer")


class Request(Model, Generic[ReplyT]):
    """A request over the bus. `verb` is the last part of its subject; the type parameter is the model of its reply."""

    verb: ClassVar[str]
    chunked: ClassVar[bool] = False
    """The reply may be larger than one message of the bus. It is then sent in parts."""

    @classmethod
    def type_name(cls) -> str:
        """The versioned name of the message type, such as `hubbub.v1.room.create`."""
        return f"{PROTOCOL}.{cls.verb}"

    @classmethod
    def reply_model(cls) -> type[ReplyT]:
        """The model of the reply."""
        return cast("type[ReplyT]", answer_model(cls))


class RegistryRequest(Request[ReplyT], Generic[ReplyT]):
    """A request to the registry, on `hubbub.v1.registry.<verb>`; any replica answers."""


class CallsRequest(Request[ReplyT], Generic[ReplyT]):
    """A request about calls, on `hubbub.v1.calls.<verb>`; any instance of the calls service answers."""


class CaptionsRequest(Request[ReplyT], Generic[ReplyT]):
    """A request to the captions service: to any instance, or to the one that serves a room."""


class RecorderRequest(Request[ReplyT], Generic[ReplyT]):
    """A request about recordings, on `hubbub.v1.recorder.<verb>`; any instance of the recorder answers."""


class WebhooksRequest(Request[ReplyT], Generic[ReplyT]):
    """A request about webhooks, on `hubbub.v1.webhooks.<verb>`; any instance of the webhooks service answers."""


class SignalingRequest(Request[ReplyT], Generic[ReplyT]):
    """A question to all signaling instances, on `hubbub.v1.signaling.<verb>`; each of them answers."""


class NodeRequest(Request[ReplyT], Generic[ReplyT]):
    """A request to one incarnation of a media node, on `hubbub.v1.node.<nodeId>.<epoch>.<verb>`."""


class ClusterRequest(Request[ReplyT], Generic[ReplyT]):
    """A question to any service of a NATS cluster, on a subject with the cluster's name."""


class Event(Model):
    """A message that is published to all subscribers and gets no reply."""

    verb: ClassVar[str]

    @classmethod
    def type_name(cls) -> str:
        """The versioned name of the message type, such as `hubbub.v1.node.beat`."""
        return f"{PROTOCOL}.{cls.verb}"
