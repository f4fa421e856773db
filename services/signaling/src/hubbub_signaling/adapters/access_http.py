"""The HTTP routes about access tokens."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from hubbub_contracts import ErrorCode, HubbubError, Model, ids
from hubbub_contracts.bus.revocation import Revocation, Revoke
from hubbub_contracts.rest.access import CREATE_TOKEN, REVOKE, CreatedToken, CreateTokenBody, RevokeBody

from ..domain.authorization import Grant, require
from ..domain.identity import Identity
from ..domain.ports import Backend
from ..domain.token_issue import TokenIssue
from .http_limits import HttpLimits
from .identification import Identification
from .rest_routes import read_json, serve

_EXAMPLES: Mapping[type[Model], dict[str, Any]] = {
    Revocation: {"notBefore": 1_764_000_000_000, "expiresAt": 1_766_592_000_000},
    CreatedToken: {"token": "eyJhbGciOiJIUzI1NiIs...", "expiresAt": 1_764_003_600_000},
}


class AccessApi:
    """The routes, with their access rules and limits: for admins and servers with the API key."""

    def __init__(
        self, backend: Backend, identification: Identification, limits: HttpLimits, tokens: TokenIssue
    ) -> None:
        self._backend = backend
        self._tokens = tokens
        self._identification = identification
        self._limits = limits

    def install(self, app: FastAPI) -> None:
        """Adds the routes to the application."""
        app.include_router(self._router())

    async def _identify(self, request: Request) -> Identity:
        """As whom the client acts. Raises `unsupported` without access tokens."""
        identity = self._limits.identify(request, self._identification.identify_without_user)
        require(identity, Grant.ADMIN)
        if not self._identification.uses_tokens:
            raise HubbubError(ErrorCode.UNSUPPORTED, "this installation uses no access tokens")
        return identity

    def _router(self) -> APIRouter:
        router = APIRouter(tags=["access"])
        identified = Annotated[Identity, Depends(self._identify)]

        @serve(router, _EXAMPLES, REVOKE, names_user=False)
        async def revoke(identity: identified, request: Request) -> Revocation:
            body = await read_json(request, RevokeBody)
            return await self._backend.registry(Revoke(**body.model_dump(by_alias=False), tenant=identity.tenant))

        @serve(router, _EXAMPLES, CREATE_TOKEN, names_user=False)
        async def create_token(identity: identified, request: Request, response: Response) -> CreatedToken:
            body = await read_json(request, CreateTokenBody)
            response.headers["Cache-Control"] = "no-store"
            return self._tokens.create(identity, body, time.time(), ids.mint())

        return router
