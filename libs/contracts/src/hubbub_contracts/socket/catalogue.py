"""All events of the socket, by name."""

from __future__ import annotations

from typing import Any

from ..base import defined_in
from . import access, captions, consumer, moderation, producer, recording, room, speaker, stats, transport
from .base import ClientRequest, Push

_MODULES = (access, captions, room, transport, producer, consumer, speaker, stats, recording, moderation)

CLIENT_REQUESTS: dict[str, type[ClientRequest[Any]]] = {
    request.event: request for request in defined_in(_MODULES, ClientRequest)
}
"""The events that a client may send."""

PUSHES: dict[str, type[Push]] = {push.event: push for push in defined_in(_MODULES, Push)}
"""The events that the server may send."""
