"""The JSON Schema of the socket messages, for clients in other languages."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from ..errors import ErrorReply
from ..socket.catalogue import CLIENT_REQUESTS, PUSHES
from .field_docs import DescribedSchema


def socket_document() -> dict[str, Any]:
    """All socket messages under `$defs`, and by event name the messages that each event carries."""
    requests = {name: (request, request.answer_model()) for name, request in CLIENT_REQUESTS.items()}
    models = [model for pair in requests.values() for model in pair] + [*PUSHES.values(), ErrorReply]
    keyed, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], schema_generator=DescribedSchema
    )
    reference = {model: schema["$ref"] for (model, _), schema in keyed.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hubbub socket messages",
        "calls": {
            name: {"request": {"$ref": reference[request]}, "acknowledgement": {"$ref": reference[answer]}}
            for name, (request, answer) in requests.items()
        },
        "pushes": {name: {"$ref": reference[push]} for name, push in PUSHES.items()},
        "error": {"$ref": reference[ErrorReply]},
        **definitions,
    }


def socket_schema() -> str:
    """The document as JSON text with sorted keys."""
    return json.dumps(socket_document(), indent=2, sort_keys=True) + "\n"
