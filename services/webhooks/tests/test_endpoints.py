"""Requests are answered from what every instance has stored, not from what this one has heard of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from hubbub_bus import RequestTable
from hubbub_contracts import Request
from hubbub_contracts.bus.webhook import (
    CreateWebhook,
    DeleteWebhook,
    ListDeadLetters,
    ListWebhooks,
    ReplayDeadLetters,
    TestWebhook,
    UpdateWebhook,
)
from hubbub_contracts.bus.webhook_records import WebhookRecord
from hubbub_contracts.webhook import WebhookOptions
from hubbub_webhooks.domain.ports import Endpoints, EventQueues, Sender
from hubbub_webhooks.domain.retries import Attempt
from hubbub_webhooks.domain.signature import new_secret
from hubbub_webhooks.handlers.catalogue import HANDLERS
from hubbub_webhooks.handlers.context import WebhooksContext

SECRET = new_secret()
OPTIONS = WebhookOptions(url="https://app.example/", events=[], secrets=[SECRET])
STORED = WebhookRecord(webhook_id="w", created_at=1, url=OPTIONS.url, events=[], secrets=[SECRET])
HANDLED: RequestTable[WebhooksContext] = HANDLERS


class LateEndpoints:
    """Another instance has stored one, of which this one hears when it asks."""

    def __init__(self) -> None:
        self.current: Mapping[str, WebhookRecord] = {}
        self.removed: list[str] = []

    async def refresh(self) -> None:
        self.current = {STORED.webhook_id: STORED}

    def is_configured(self, _webhook_id: str) -> bool:
        return False

    async def put(self, _record: WebhookRecord, *, new: bool) -> None:
        assert not new

    async def remove(self, webhook_id: str) -> None:
        self.removed.append(webhook_id)


class EmptyQueues:
    """Nothing waits."""

    async def rooms(self, _webhook_id: str) -> dict[str, int]:
        return {}

    async def count_dead(self, _webhook_id: str) -> int:
        return 0

    async def dead_letters(self, _webhook_id: str, _after: int, _limit: int) -> list[Any]:
        return []


class AcceptingSender:
    """Every endpoint accepts."""

    async def post(self, _url: str, _headers: Mapping[str, str], _body: bytes) -> Attempt:
        return Attempt(200)

    async def check(self, _url: str) -> str | None:
        return None


@pytest.mark.parametrize(
    "request_",
    [
        ListWebhooks(),
        CreateWebhook(webhook_id="w", options=OPTIONS),
        UpdateWebhook(webhook_id="w", options=OPTIONS),
        DeleteWebhook(webhook_id="w"),
        TestWebhook(webhook_id="w"),
        ListDeadLetters(webhook_id="w"),
        ReplayDeadLetters(webhook_id="w"),
    ],
    ids=lambda request: request.verb,
)
async def test_a_webhook_that_another_instance_has_just_stored_is_known(request_: Request[Any]) -> None:
    endpoints = LateEndpoints()
    context = WebhooksContext(
        endpoints=cast("Endpoints", endpoints),
        queues=cast("EventQueues", EmptyQueues()),
        sender=cast("Sender", AcceptingSender()),
        wake=lambda _webhook_id, _room_id: None,
    )
    answer: Any = await HANDLED[type(request_)](context, request_)
    assert set(endpoints.current) == {"w"}
    if isinstance(request_, ListWebhooks):
        assert [each.webhook_id for each in answer.webhooks] == ["w"]
    if isinstance(request_, CreateWebhook):
        assert answer.secrets == [SECRET], "a repetition returns what there is"
    assert endpoints.removed == (["w"] if isinstance(request_, DeleteWebhook) else [])
