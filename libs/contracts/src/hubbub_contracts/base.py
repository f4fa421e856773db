"""What every message has in common: immutable, camelCase on the wire, lenient inward, strict outward.

Rules
- Types are checked strictly: `"1"` is not a number and `1` is not a boolean.
- Unknown fields are ignored, so that an older service understands a newer one.
- An explicit null means the same as an absent field, as clients written in Python send it.
- Absent fields are left out of what is sent, never null: a null codec parameter makes mediasoup-client throw.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

VERSION = "hubbub.v1"
"""The prefix of every subject and of every message type; a breaking change begins `hubbub.v2` beside it."""


class Model(BaseModel):
    """Base of everything that crosses a wire."""

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
        """The message as a JSON value: camelCase names, absent fields left out."""
        return self.model_dump(mode="json", exclude_none=True)


class Done(Model):
    """A reply that says no more than that it was done."""


ReplyT = TypeVar("ReplyT", bound=Model)


def answer_model(message: type[Model]) -> type[Model]:
    """The type parameter that a message class was given: the model of its answer."""
    for base in message.__mro__:
        metadata = getattr(base, "__pydantic_generic_metadata__", None)
        if metadata and metadata["args"] and isinstance(metadata["args"][0], type):
            return cast("type[Model]", metadata["args"][0])
    raise TypeError(f"{message.__name__} does not say what it is answered with")


class Request(Model, Generic[ReplyT]):
    """A request over the bus. `verb` is its part of the subject; the type parameter is the model of its reply."""

    verb: ClassVar[str]

    @classmethod
    def type_name(cls) -> str:
        """The message's type with its version, for example `hubbub.v1.room.create`."""
        return f"{VERSION}.{cls.verb}"

    @classmethod
    def reply_model(cls) -> type[ReplyT]:
        """The model that the reply is read with."""
        return cast("type[ReplyT]", answer_model(cls))


class Event(Model):
    """Something that happened, published once to whoever listens."""

    verb: ClassVar[str]

    @classmethod
    def type_name(cls) -> str:
        """The message's type with its version, for example `hubbub.v1.node.beat`."""
        return f"{VERSION}.{cls.verb}"
