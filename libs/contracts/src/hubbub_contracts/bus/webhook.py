"""Requests about webhooks, answered by any instance of the webhooks service."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..base import Done, Model, WebhooksRequest
from ..types import Count, TenantId
from ..webhook import DeadLetter, Webhook, WebhookId, WebhookOptions

MAX_PAGE = 100


class WebhookList(Model):
    """The endpoints."""

    webhooks: list[Webhook]
    """The endpoints, the configured one first."""


class ListWebhooks(WebhooksRequest[WebhookList]):
    """Lists the endpoints."""

    verb: ClassVar[str] = "webhook.list"
    tenant: TenantId | None = None
    """Whose endpoints."""


class CreateWebhook(WebhooksRequest[Webhook]):
    """Adds an endpoint, which gets the present state of all rooms as events first.

    Errors: `quota_exceeded`, `not_allowed` for an address of a private network.
    """

    verb: ClassVar[str] = "webhook.create"
    tenant: TenantId | None = None
    """Whose endpoints."""
    webhook_id: WebhookId
    options: WebhookOptions


class UpdateWebhook(WebhooksRequest[Webhook]):
    """Replaces the options of an endpoint. Errors: `not_found`, `not_allowed` as `CreateWebhook`, `invalid_state`."""

    verb: ClassVar[str] = "webhook.update"
    tenant: TenantId | None = None
    """Whose endpoints."""
    webhook_id: WebhookId
    options: WebhookOptions


class DeleteWebhook(WebhooksRequest[Done]):
    """Removes an endpoint with everything that waits for it. Errors: `not_found`, `invalid_state`."""

    verb: ClassVar[str] = "webhook.delete"
    tenant: TenantId | None = None
    """Whose endpoints."""
    webhook_id: WebhookId


class TestWebhook(WebhooksRequest[Done]):
    """Posts an event `webhook.test` to the endpoint, once.

    Errors: `not_found`, `unavailable` with the reason when it is not accepted.
    """

    __test__: ClassVar[bool] = False
    verb: ClassVar[str] = "webhook.test"
    tenant: TenantId | None = None
    """Whose endpoints."""
    webhook_id: WebhookId


class DeadLetterPage(Model):
    """Dead letters, the oldest first."""

    dead_letters: list[DeadLetter]
    """The letters."""
    next: Count | None = None
    """`after` of the next page; absent on the last one."""


class ListDeadLetters(WebhooksRequest[DeadLetterPage]):
    """Lists the events that could not be delivered to an endpoint. Errors: `not_found`."""

    verb: ClassVar[str] = "webhook.dead-letters"
    chunked: ClassVar[bool] = True
    tenant: TenantId | None = None
    """Whose endpoints."""
    webhook_id: WebhookId
    after: Count = 0
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20


class Replayed(Model):
    """How many events are delivered again."""

    events: Count
    """How many."""


class ReplayDeadLetters(WebhooksRequest[Replayed]):
    """Delivers the dead letters of an endpoint again, behind what waits there. Errors: `not_found`."""

    verb: ClassVar[str] = "webhook.replay"
    tenant: TenantId | None = None
    """Whose endpoints."""
    webhook_id: WebhookId
