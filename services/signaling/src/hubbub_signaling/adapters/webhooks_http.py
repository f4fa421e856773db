"""The HTTP routes about webhooks."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from hubbub_contracts import Done, Model, ids
from hubbub_contracts.bus import webhook as bus
from hubbub_contracts.rest.webhooks import (
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    LIST_DEAD_LETTERS,
    LIST_WEBHOOKS,
    REPLAY_DEAD_LETTERS,
    TEST_WEBHOOK,
    UPDATE_WEBHOOK,
    WebhookBody,
)
from hubbub_contracts.webhook import Webhook, WebhookId, WebhookOptions

from ..domain.authorization import Grant, require
from ..domain.ports import Backend
from .http_limits import HttpLimits
from .identification import Identification
from .rest_routes import read_json, serve

_EXAMPLE: dict[str, Any] = {
    "webhookId": "uEJoIRbGmGgcDX9DmjqFuA",
    "url": "https://app.example/hubbub-events",
    "events": [],
    "configured": False,
    "waiting": 0,
    "deadLetters": 0,
}
_EVENT: dict[str, Any] = {
    "type": "peer.joined",
    "timestamp": "2026-01-01T09:00:00.123Z",
    "data": {
        "callId": "standup",
        "seq": 2,
        "peer": {
            "peerId": "m3X0kqJxW2p4d1Qz8rT7yA",
            "userId": "alice",
            "displayName": "Alice",
            "joinedAt": 1_764_000_000_000,
        },
    },
}
_EXAMPLES: Mapping[type[Model], dict[str, Any]] = {
    Webhook: {**_EXAMPLE, "secrets": ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]},
    bus.WebhookList: {"webhooks": [_EXAMPLE]},
    Done: {},
    bus.DeadLetterPage: {
        "deadLetters": [
            {
                "letterId": 7,
                "webhookId": _EXAMPLE["webhookId"],
                "eventId": "b1Fh3mZk9sQvT0cUe5wX2A",
                "event": _EVENT,
                "attempts": 162,
                "error": "answered 500",
                "diedAt": 1_764_086_400_000,
            }
        ]
    },
    bus.Replayed: {"events": 1},
}

WebhookIdInPath = Annotated[WebhookId, Path(alias="webhookId")]


class WebhooksApi:
    """The routes, with their access rules and limits.

    With access tokens, a client needs the grant `admin`. Without, it needs the API key, or has to be on this machine.
    """

    def __init__(self, backend: Backend, identification: Identification, limits: HttpLimits) -> None:
        self._backend = backend
        self._identification = identification
        self._limits = limits

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    async def _tenant(self, request: Request) -> str | None:
        """Whose endpoints the client may handle."""
        identity = self._limits.identify(request, self._identification.identify_without_user)
        require(identity, Grant.ADMIN)
        return identity.tenant

    def _router(self) -> APIRouter:
        router, webhooks = APIRouter(tags=["webhooks"]), self._backend.webhooks
        of_tenant = Annotated[str | None, Depends(self._tenant)]

        @serve(router, _EXAMPLES, CREATE_WEBHOOK, names_user=False)
        async def create_webhook(tenant: of_tenant, request: Request, response: Response) -> Webhook:
            options = await _options(request)
            created = await webhooks(bus.CreateWebhook(tenant=tenant, webhook_id=ids.mint(), options=options))
            response.headers["Location"] = f"{request.scope.get('root_path', '')}/webhooks/{created.webhook_id}"
            return created

        @serve(router, _EXAMPLES, LIST_WEBHOOKS, names_user=False)
        async def list_webhooks(tenant: of_tenant) -> bus.WebhookList:
            return await webhooks(bus.ListWebhooks(tenant=tenant))

        @serve(router, _EXAMPLES, UPDATE_WEBHOOK, names_user=False)
        async def update_webhook(tenant: of_tenant, webhook_id: WebhookIdInPath, request: Request) -> Webhook:
            return await webhooks(
                bus.UpdateWebhook(tenant=tenant, webhook_id=webhook_id, options=await _options(request))
            )

        @serve(router, _EXAMPLES, DELETE_WEBHOOK, names_user=False)
        async def delete_webhook(tenant: of_tenant, webhook_id: WebhookIdInPath) -> Done:
            return await webhooks(bus.DeleteWebhook(tenant=tenant, webhook_id=webhook_id))

        @serve(router, _EXAMPLES, TEST_WEBHOOK, names_user=False)
        async def test_webhook(tenant: of_tenant, webhook_id: WebhookIdInPath) -> Done:
            return await webhooks(bus.TestWebhook(tenant=tenant, webhook_id=webhook_id))

        @serve(router, _EXAMPLES, LIST_DEAD_LETTERS, names_user=False)
        async def list_dead_letters(
            tenant: of_tenant,
            webhook_id: WebhookIdInPath,
            after: Annotated[int, Query(ge=0)] = 0,
            limit: Annotated[int, Query(ge=1, le=bus.MAX_PAGE)] = 20,
        ) -> bus.DeadLetterPage:
            return await webhooks(bus.ListDeadLetters(tenant=tenant, webhook_id=webhook_id, after=after, limit=limit))

        @serve(router, _EXAMPLES, REPLAY_DEAD_LETTERS, names_user=False)
        async def replay_dead_letters(tenant: of_tenant, webhook_id: WebhookIdInPath) -> bus.Replayed:
            return await webhooks(bus.ReplayDeadLetters(tenant=tenant, webhook_id=webhook_id))

        return router


async def _options(request: Request) -> WebhookOptions:
    body = await read_json(request, WebhookBody)
    return WebhookOptions(url=body.url, events=body.events, secrets=body.secrets)
