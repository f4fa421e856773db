"""The reference of the socket API, in Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from ..errors import FAULT
from ..socket.catalogue import CLIENT_REQUESTS, PUSHES

_HEAD = """# The socket's messages

Drawn from the models in `libs/contracts` by `python -m hubbub_contracts.generate`; do not edit.
How they play together is told in [README.md](README.md).
"""


def socket_page() -> str:
    """Every request, every push and every error code."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Client to server\n"
    for name, request in CLIENT_REQUESTS.items():
        yield f"### `{name}`\n\n{_doc(request)}\n"
        yield from _fields("request", request)
        yield from _fields("acknowledgement", request.answer_model())
    yield "## Server to client\n"
    for name, push in PUSHES.items():
        yield f"### `{name}`\n\n{_doc(push)}\n"
        yield from _fields("payload", push)
    yield "## Errors\n\nAn acknowledgement that is an error is `{error: {code, message, retryable}}`.\n"
    yield "| code | whose fault | meaning |\n|---|---|---|"
    for code, (fault, meaning) in FAULT.items():
        yield f"| `{code.value}` | {fault} | {meaning} |"
    yield ""


def _doc(model: type[BaseModel]) -> str:
    return inspect.getdoc(model) or ""


def _fields(title: str, model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    properties: dict[str, Any] = schema.get("properties", {})
    if not properties:
        yield f"{title}: `{{}}`\n"
        return
    required = set(schema.get("required", ()))
    yield f"| {title} | type | |\n|---|---|---|"
    for name, field in properties.items():
        optional = "" if name in required else "optional"
        yield f"| `{name}` | {_type(field)} | {optional} |"
    yield ""


def _type(field: dict[str, Any]) -> str:
    """A short name of a field's JSON Schema."""
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "enum" in field:
        return " \\| ".join(f'`"{value}"`' for value in field["enum"])
    if "const" in field:
        return f'`"{field["const"]}"`'
    if "anyOf" in field:
        return " \\| ".join(_type(option) for option in field["anyOf"] if option.get("type") != "null")
    if field.get("type") == "array":
        return f"{_type(field['items'])}[]"
    return str(field.get("type", "any"))
