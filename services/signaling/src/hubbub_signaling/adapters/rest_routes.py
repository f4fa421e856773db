"""What all routes with JSON bodies have in common: their documentation and their bodies."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import APIRouter, Request

from hubbub_contracts import ErrorCode, ErrorReply, HubbubError, Model
from hubbub_contracts.rest.route import Route

from ..domain.identity import USER_HEADER
from ..handlers.client_request import validate
from .http_errors import STATUS, read_body

ModelT = TypeVar("ModelT", bound=Model)

MAX_BODY = 64 * 1024
"""Bytes of a request's body. The largest legitimate one has 100 user ids and 8 KiB of `appData`."""

_USER_PARAMETER: Mapping[str, Any] = {
    "name": USER_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The user.",
}


def serve(
    router: APIRouter, examples: Mapping[type[Model], dict[str, Any]], route: Route, *, names_user: bool = True
) -> Callable[[Callable[..., Awaitable[Model]]], Any]:
    """Registers the handler of a route, with its documentation.

    `examples`: of each answer. `names_user`: the client may say as which user it acts.
    """
    answer = {"content": {"application/json": {"example": examples[route.answer]}}}
    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorReply} for status in sorted({*STATUS.values()}) if status not in (422, 500)
    }
    extra: dict[str, Any] = {"parameters": [_USER_PARAMETER]} if names_user else {}
    if route.body is not None:
        schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return router.api_route(
        route.path,
        methods=[route.method],
        status_code=route.status,
        response_model=route.answer,
        response_model_exclude_none=True,
        summary=route.summary.split(".")[0],
        description=route.summary,
        responses={**errors, route.status: answer},
        openapi_extra=extra,
    )


async def read_json(request: Request, model: type[ModelT]) -> ModelT:
    """Reads and validates the body. Raises `too_large` and `invalid_argument`."""
    body = await read_body(request, MAX_BODY)
    try:
        payload = json.loads(body, parse_constant=_refuse_constant) if body else None
    except (ValueError, RecursionError) as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "body: not valid JSON, or nested too deeply") from error
    return validate(model, payload)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
