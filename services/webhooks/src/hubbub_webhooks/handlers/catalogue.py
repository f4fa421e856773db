"""Every request that the webhooks service answers, and its handler."""

from __future__ import annotations

from typing import Final

from hubbub_bus import RequestTable
from hubbub_contracts.bus.webhook import (
    CreateWebhook,
    DeleteWebhook,
    ListDeadLetters,
    ListWebhooks,
    ReplayDeadLetters,
    TestWebhook,
    UpdateWebhook,
)

from . import dead_letters, endpoints
from .context import WebhooksContext

HANDLERS: Final[RequestTable[WebhooksContext]] = {
    ListWebhooks: endpoints.list_webhooks,
    CreateWebhook: endpoints.create,
    UpdateWebhook: endpoints.update,
    DeleteWebhook: endpoints.delete,
    TestWebhook: endpoints.test,
    ListDeadLetters: dead_letters.list_dead_letters,
    ReplayDeadLetters: dead_letters.replay,
}
