"""`webhook.list`, `webhook.create`, `webhook.update`, `webhook.delete` and `webhook.test`."""

from __future__ import annotations

import time

from hubbub_bus import unix_ms
from hubbub_contracts import Done, ErrorCode, HubbubError, QuotaExceeded, ids
from hubbub_contracts.bus.webhook import (
    CreateWebhook,
    DeleteWebhook,
    ListWebhooks,
    TestWebhook,
    UpdateWebhook,
    WebhookList,
)
from hubbub_contracts.bus.webhook_records import WebhookRecord
from hubbub_contracts.encoded import encode
from hubbub_contracts.webhook import MAX_WEBHOOKS, Webhook, WebhookData, WebhookEvent, WebhookOptions

from ..domain.rfc3339 import now_text
from ..domain.signature import new_secret, signed_headers
from .context import WebhooksContext


async def list_webhooks(context: WebhooksContext, request: ListWebhooks) -> WebhookList:
    """Lists the endpoints of the tenant, without their secrets."""
    await context.endpoints.refresh()
    records = sorted(
        (record for record in context.endpoints.current.values() if record.tenant == request.tenant),
        key=lambda record: (not context.endpoints.is_configured(record.webhook_id), record.created_at),
    )
    return WebhookList(webhooks=[await _show(context, record) for record in records])


async def create(context: WebhooksContext, request: CreateWebhook) -> Webhook:
    """Adds the endpoint; a repetition returns it again. Raises `quota_exceeded`, `not_allowed` and `conflict`."""
    await context.endpoints.refresh()
    existing = context.endpoints.current.get(request.webhook_id)
    if (
        existing is not None
        and existing.tenant == request.tenant
        and _options(existing) == _with_secrets(request.options, existing.secrets)
    ):
        return await _show(context, existing, with_secrets=True)
    if existing is None and len(context.endpoints.current) >= MAX_WEBHOOKS:
        raise QuotaExceeded("webhooks", f"an installation has at most {MAX_WEBHOOKS} webhooks")
    record = await _record(context, request, unix_ms(), [])
    await context.endpoints.put(record, new=True)
    return await _show(context, record, with_secrets=True)


async def update(context: WebhooksContext, request: UpdateWebhook) -> Webhook:
    """Replaces the options of the endpoint. Without secrets, it keeps its own."""
    existing = await _own(context, request.tenant, request.webhook_id)
    record = await _record(context, request, existing.created_at, existing.secrets)
    await context.endpoints.put(record, new=False)
    return await _show(context, record, with_secrets=True)


async def delete(context: WebhooksContext, request: DeleteWebhook) -> Done:
    """Removes the endpoint. The instance that delivers removes what waits for it."""
    await _own(context, request.tenant, request.webhook_id)
    await context.endpoints.remove(request.webhook_id)
    return Done()


async def test(context: WebhooksContext, request: TestWebhook) -> Done:
    """Posts one event, outside of all queues. Raises `unavailable` with the reason when it is not accepted."""
    record = await find(context, request.tenant, request.webhook_id)
    event = WebhookEvent(type="webhook.test", timestamp=now_text(), data=WebhookData(call_id="test", seq=0))
    body = encode(event)
    attempt = await context.sender.post(record.url, signed_headers(record.secrets, ids.mint(), time.time(), body), body)
    if attempt.status is None or not 200 <= attempt.status < 300:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"the endpoint does not accept events: {attempt.error}")
    return Done()


async def find(context: WebhooksContext, tenant: str | None, webhook_id: str) -> WebhookRecord:
    """The endpoint of the tenant, as the last answered request of any instance left it. Raises `not_found`."""
    await context.endpoints.refresh()
    record = context.endpoints.current.get(webhook_id)
    if record is None or record.tenant != tenant:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such webhook")
    return record


async def _own(context: WebhooksContext, tenant: str | None, webhook_id: str) -> WebhookRecord:
    """An endpoint that requests may change. Raises `not_found` and `invalid_state`."""
    record = await find(context, tenant, webhook_id)
    if context.endpoints.is_configured(webhook_id):
        raise HubbubError(ErrorCode.INVALID_STATE, "this webhook is configured by WEBHOOK_URL: change it there")
    return record


async def _record(
    context: WebhooksContext, request: CreateWebhook | UpdateWebhook, created_at: int, secrets: list[str]
) -> WebhookRecord:
    options = request.options
    refused = await context.sender.check(options.url)
    if refused is not None:
        raise HubbubError(ErrorCode.NOT_ALLOWED, f"url: {refused}")
    return WebhookRecord(
        webhook_id=request.webhook_id,
        created_at=created_at,
        tenant=request.tenant,
        url=options.url,
        events=options.events,
        secrets=options.secrets or secrets or [new_secret()],
    )


def _options(record: WebhookRecord) -> WebhookOptions:
    return WebhookOptions(url=record.url, events=record.events, secrets=record.secrets)


def _with_secrets(options: WebhookOptions, secrets: list[str]) -> WebhookOptions:
    return options if options.secrets else options.model_copy(update={"secrets": secrets})


async def _show(context: WebhooksContext, record: WebhookRecord, *, with_secrets: bool = False) -> Webhook:
    return Webhook(
        webhook_id=record.webhook_id,
        url=record.url,
        events=list(record.events),
        secrets=record.secrets if with_secrets else None,
        configured=context.endpoints.is_configured(record.webhook_id),
        waiting=sum((await context.queues.rooms(record.webhook_id)).values()),
        dead_letters=await context.queues.count_dead(record.webhook_id),
    )
