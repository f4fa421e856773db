"""All events of the namespace `/calls`, by name."""

from __future__ import annotations

from typing import Any

from ..base import defined_in
from . import access, call, message
from .base import ClientRequest, Push

NAMESPACE = "/calls"

CALL_REQUESTS: dict[str, type[ClientRequest[Any]]] = {
    request.event: request for request in defined_in((call, message, access), ClientRequest)
}
"""The events that a client may send."""

CALL_PUSHES: dict[str, type[Push]] = {push.event: push for push in defined_in((call, message, access), Push)}
"""The events that the server may send."""
