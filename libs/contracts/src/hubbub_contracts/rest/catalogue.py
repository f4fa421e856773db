"""All HTTP routes with JSON bodies."""

from __future__ import annotations

from .access import ACCESS_ROUTES
from .calls import CALL_ROUTES
from .nodes import NODE_ROUTES
from .recordings import RECORDING_ROUTES
from .rooms import ROOM_ROUTES
from .webhooks import WEBHOOK_ROUTES

ROUTES = (*ROOM_ROUTES, *NODE_ROUTES, *CALL_ROUTES, *RECORDING_ROUTES, *WEBHOOK_ROUTES, *ACCESS_ROUTES)
"""All routes with JSON bodies, in the order of the reference."""
