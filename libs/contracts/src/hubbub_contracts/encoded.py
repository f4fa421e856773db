"""Messages that are put together from what is encoded already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .base import Model

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Encoded(Generic[ModelT]):
    """A message as it is sent."""

    model: type[ModelT]
    data: bytes
    """JSON."""

    def decode(self) -> ModelT:
        """The message. Raises ValidationError."""
        return self.model.model_validate_json(self.data)


def encode(message: Model | Encoded[Any]) -> bytes:
    """The bytes to send. Raises ValueError when the message has no JSON form."""
    if isinstance(message, Encoded):
        return message.data
    return message.model_dump_json(exclude_none=True).encode()
