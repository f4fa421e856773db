"""The HTTP routes about webhooks, and their bodies."""

from __future__ import annotations

from pydantic import ConfigDict

from ..base import Done
from ..bus.webhook import DeadLetterPage, Replayed, WebhookList
from ..webhook import Webhook, WebhookOptions
from .route import Route


class WebhookBody(WebhookOptions):
    """The body of `POST /webhooks` and `PUT /webhooks/{webhookId}`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"url": "https://app.example/hubbub-events"},
                {"url": "https://app.example/presence", "events": ["peer.joined", "peer.left"]},
            ]
        }
    )


CREATE_WEBHOOK = Route(
    "POST",
    "/webhooks",
    Webhook,
    "Adds an endpoint. Its first events tell the present state of all rooms. The answer has the keys that sign.",
    WebhookBody,
    201,
)
LIST_WEBHOOKS = Route("GET", "/webhooks", WebhookList, "Lists the endpoints, without their keys.")
UPDATE_WEBHOOK = Route(
    "PUT",
    "/webhooks/{webhookId}",
    Webhook,
    "Replaces the options of an endpoint. Without keys, it keeps its own.",
    WebhookBody,
)
DELETE_WEBHOOK = Route(
    "DELETE", "/webhooks/{webhookId}", Done, "Removes an endpoint with everything that waits for it."
)
TEST_WEBHOOK = Route(
    "POST",
    "/webhooks/{webhookId}/test",
    Done,
    "Posts an event `webhook.test` to an endpoint, once. An error says why it failed.",
)
LIST_DEAD_LETTERS = Route(
    "GET",
    "/webhooks/{webhookId}/dead-letters",
    DeadLetterPage,
    "Lists the events that could not be delivered to an endpoint, the oldest first.",
    query=(("after", "`next` of the page before"), ("limit", "1 to 100 dead letters; 20 by default")),
)
REPLAY_DEAD_LETTERS = Route(
    "POST",
    "/webhooks/{webhookId}/dead-letters/replay",
    Replayed,
    "Delivers the dead letters of an endpoint again, behind the events that wait.",
)
WEBHOOK_ROUTES = (
    CREATE_WEBHOOK,
    LIST_WEBHOOKS,
    UPDATE_WEBHOOK,
    DELETE_WEBHOOK,
    TEST_WEBHOOK,
    LIST_DEAD_LETTERS,
    REPLAY_DEAD_LETTERS,
)
"""The routes about webhooks."""
