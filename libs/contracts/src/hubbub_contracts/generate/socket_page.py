"""The reference of the socket messages, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from ..errors import FAULT
from ..types import Id
from .schemas import socket_document

_ID = TypeAdapter(Id).json_schema()
_HEAD = """# Socket messages

Generated from the models in `libs/contracts` by `python -m hubbub_contracts.generate`; do not edit.
[README.md](README.md) describes how the messages work together.

A `?` marks an optional field. An `id` is a string of 1 to 64 characters out of `A-Z a-z 0-9 _ -`. A `revision` is the
number of a room's state; it only grows. JSON sizes are counted without white space.
"""


def socket_page() -> str:
    """The whole page: requests, pushes, nested objects and error codes."""
    return "\n".join(_lines(socket_document()))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    models: dict[str, dict[str, Any]] = document["$defs"]
    messages = set()
    yield _HEAD
    yield "## Client to server\n"
    for event, pair in document["calls"].items():
        request, answer = _name(pair["request"]), _name(pair["acknowledgement"])
        messages |= {request, answer}
        yield f"### `{event}`\n\n{models[request]['description']}\n"
        yield from _table("request", models[request])
        yield from _table("acknowledgement", models[answer])
    yield "## Server to client\n"
    for event, push in document["pushes"].items():
        messages.add(_name(push))
        yield f"### `{event}`\n\n{models[_name(push)]['description']}\n"
        yield from _table("payload", models[_name(push)])
    error = _name(document["error"])
    yield "## Nested objects\n"
    for name, model in sorted(models.items()):
        if name not in messages | {error}:
            yield f"### {name}\n\n{model['description']}\n"
            yield from _table("field", model)
    body = _type(models[error]["properties"]["error"])
    yield f"## Errors\n\nAn acknowledgement that reports an error has the field `error`: {body}.\n"
    yield "| code | at fault | meaning |\n|---|---|---|"
    for code, (fault, meaning) in FAULT.items():
        yield f"| `{code.value}` | {fault} | {meaning} |"
    yield ""


def _table(title: str, model: dict[str, Any]) -> Iterator[str]:
    fields: dict[str, dict[str, Any]] = model.get("properties", {})
    if not fields:
        yield f"{title}: `{{}}`\n"
        return
    yield f"| {title} | type | description |\n|---|---|---|"
    for name, field in fields.items():
        mark = "" if name in model.get("required", ()) else "?"
        yield f"| `{name}{mark}` | {_type(field)} | {field['description']} |"
    yield ""


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rsplit("/", 1)[-1]


def _type(field: dict[str, Any]) -> str:
    """The JSON Schema of a field in words, with its range."""
    if "$ref" in field:
        return f"[{_name(field)}](#{_name(field).lower()})"
    if "enum" in field:
        return " \\| ".join(f'`"{value}"`' for value in field["enum"])
    if "const" in field:
        return f'`"{field["const"]}"`'
    if "anyOf" in field:
        return " \\| ".join(_type(option) for option in field["anyOf"] if option.get("type") != "null")
    if field.get("pattern") == _ID["pattern"]:
        return "id"
    if field["type"] == "array":
        return f"{_type(field['items'])}[]{_range(field, 'minItems', 'maxItems', '')}"
    if field["type"] == "integer":
        return f"integer{_range(field, 'minimum', 'maximum', '')}"
    return f"{field['type']}{_range(field, 'minLength', 'maxLength', ' characters')}"


def _range(field: dict[str, Any], least: str, most: str, unit: str) -> str:
    low, high = field.get(least), field.get(most)
    if low is None and high is None:
        return ""
    if high is None:
        return f", at least {low}{unit}"
    return f", at most {high}{unit}" if low is None else f", {low} to {high}{unit}"
