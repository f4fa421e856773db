"""The reference of the socket messages, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import FAULT, LIMITS
from ..socket.calls_catalogue import NAMESPACE
from .markdown import model_name, referenced_models, table, type_in_words
from .schemas import socket_document

_HEAD = """# Socket messages

Generated from the models in `libs/contracts` by `python -m hubbub_contracts.generate`; do not edit.
[README.md](README.md) describes how the messages work together.

The events of the namespace `/calls` have a [section of their own](#namespace-calls); all others are of the default
namespace.

A `?` marks an optional field. An `id` is a string of 1 to 64 characters out of `A-Z a-z 0-9 _ -`. A `revision` is the
number of a room's state; it only grows. JSON sizes are counted without white space.
"""


def socket_page() -> str:
    """The whole page: requests, pushes, nested objects and error codes."""
    return "\n".join(_lines(socket_document()))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    models: dict[str, dict[str, Any]] = document["$defs"]
    messages: set[str] = set()
    yield _HEAD
    yield from _events(document, models, messages, "##")
    yield f"## Namespace `{NAMESPACE}`\n"
    yield from _events(document["callsNamespace"], models, messages, "###")
    error = model_name(document["error"])
    nested = referenced_models(models)
    yield "## Nested objects\n"
    for name, model in sorted(models.items()):
        if name != error and (name not in messages or name in nested):
            yield f"### {name}\n\n{model['description']}\n"
            yield from table("field", model)
    body = type_in_words(models[error]["properties"]["error"])
    yield f"## Errors\n\nAn acknowledgement that reports an error has the field `error`: {body}.\n"
    yield "| code | at fault | meaning |\n|---|---|---|"
    for code, (fault, meaning) in FAULT.items():
        yield f"| `{code.value}` | {fault} | {meaning} |"
    yield "\n### Limits\n\n`quota_exceeded` names the limit that is reached in its field `limit`.\n"
    yield "| limit | what it counts, and its setting |\n|---|---|"
    for limit, counted in LIMITS.items():
        yield f"| `{limit}` | {counted} |"
    yield ""


def _events(
    events: dict[str, Any], models: dict[str, dict[str, Any]], messages: set[str], heading: str
) -> Iterator[str]:
    """The events of one namespace, under headings of this level. Adds the names of their models to `messages`."""
    yield f"{heading} Client to server\n"
    for event, pair in events["calls"].items():
        request, answer = model_name(pair["request"]), model_name(pair["acknowledgement"])
        messages |= {request, answer}
        yield f"{heading}# `{event}`\n\n{models[request]['description']}\n"
        yield from table("request", models[request])
        yield from table("acknowledgement", models[answer])
    yield f"{heading} Server to client\n"
    for event, push in events["pushes"].items():
        messages.add(model_name(push))
        yield f"{heading}# `{event}`\n\n{models[model_name(push)]['description']}\n"
        yield from table("payload", models[model_name(push)])
