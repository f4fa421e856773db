"""The reference of the HTTP routes with JSON bodies, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .markdown import model_name, table
from .schemas import http_document

_HEAD = """# HTTP routes about calls, recordings and access tokens

Generated from the models in `libs/contracts` by `python -m hubbub_contracts.generate`; do not edit. A running
installation serves the same with examples at `/docs` (OpenAPI). [Calls](README.md#calls),
[Recording](../guides/recording.md) and [Access tokens](../guides/access.md) describe how the routes work together.
The files of a recording are at `GET /recordings/{recordingId}/files/{file}`, with byte ranges (RFC 9110 section 14);
the query parameter `ticket` takes the place of a header.

Bodies are JSON. A `?` marks an optional field. An error is `{error: {code, message, retryable}}`, as for socket events.
"""


def http_page() -> str:
    """The whole page: routes, then the objects in their bodies."""
    return "\n".join(_lines(http_document()))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    models: dict[str, dict[str, Any]] = document["$defs"]
    yield _HEAD
    for route, body, answer in document["routes"]:
        name = model_name({"$ref": answer})
        yield f"## `{route.method} {route.path}`\n\n{route.summary}\n"
        if route.query:
            yield "| query | meaning |\n|---|---|"
            yield from (f"| `{parameter}?` | {meaning} |" for parameter, meaning in route.query)
            yield ""
        if body is not None:
            yield from table("body", models[model_name({"$ref": body})])
        yield f"Answer: {route.status}, [{name}](#{name.lower()}).\n"
    yield "## Objects\n"
    bodies = {model_name({"$ref": body}) for _, body, _ in document["routes"] if body is not None}
    errors = {"ErrorReply", "ErrorBody"}
    for name, model in sorted(models.items()):
        if name not in bodies | errors:
            yield f"### {name}\n\n{model['description']}\n"
            yield from table("field", model)
