"""The JSON Schema of the socket messages, for clients in other languages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ..base import Model
from ..errors import ErrorReply
from ..rest.catalogue import ROUTES
from ..socket.base import ClientRequest, Push
from ..socket.calls_catalogue import CALL_PUSHES, CALL_REQUESTS
from ..socket.catalogue import CLIENT_REQUESTS, PUSHES
from ..transcript import Transcript
from .field_docs import DescribedSchema

_References = Mapping[Any, str]
"""The `$ref` of each model."""


def socket_document() -> dict[str, Any]:
    """All messages of clients under `$defs`, and by event name the messages that each event carries."""
    return _document(
        "Hubbub socket messages",
        [*_messages(CLIENT_REQUESTS, PUSHES), *_messages(CALL_REQUESTS, CALL_PUSHES), *_bodies()],
        lambda reference: {
            **_events(CLIENT_REQUESTS, PUSHES, reference),
            "callsNamespace": _events(CALL_REQUESTS, CALL_PUSHES, reference),
        },
    )


def http_document() -> dict[str, Any]:
    """The bodies of the HTTP routes about calls under `$defs`, and the routes with their bodies."""
    return _document(
        "Hubbub HTTP bodies",
        _bodies(),
        lambda reference: {
            "routes": [
                (route, None if route.body is None else reference[route.body], reference[route.answer])
                for route in ROUTES
            ]
        },
    )


def _document(
    title: str, models: list[type[Model]], contents: Callable[[_References], dict[str, Any]]
) -> dict[str, Any]:
    unique: list[type[BaseModel]] = list(dict.fromkeys((*models, ErrorReply)))
    keyed, definitions = models_json_schema(
        [(model, "validation") for model in unique], schema_generator=DescribedSchema
    )
    reference = {model: schema["$ref"] for (model, _), schema in keyed.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **contents(reference),
        "error": {"$ref": reference[ErrorReply]},
        **definitions,
    }


def _messages(requests: Mapping[str, type[ClientRequest[Any]]], pushes: Mapping[str, type[Push]]) -> list[type[Model]]:
    pairs = ((request, request.answer_model()) for request in requests.values())
    return [*(model for pair in pairs for model in pair), *pushes.values()]


def _bodies() -> list[type[Model]]:
    """The bodies of the routes, and the JSON file beside a recording."""
    return [*(model for route in ROUTES for model in (route.body, route.answer) if model is not None), Transcript]


def _events(
    requests: Mapping[str, type[ClientRequest[Any]]],
    pushes: Mapping[str, type[Push]],
    reference: _References,
) -> dict[str, Any]:
    return {
        "calls": {
            name: {
                "request": {"$ref": reference[request]},
                "acknowledgement": {"$ref": reference[request.answer_model()]},
            }
            for name, request in requests.items()
        },
        "pushes": {name: {"$ref": reference[push]} for name, push in pushes.items()},
    }


def socket_schema() -> str:
    """The document as JSON text with sorted keys."""
    return json.dumps(socket_document(), indent=2, sort_keys=True) + "\n"
