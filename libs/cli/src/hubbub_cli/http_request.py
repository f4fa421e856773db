"""Requests of commands to a running installation."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT = 10.0
_MAX_ANSWER = 64 * 1024


class RequestFailed(Exception):
    """There was no answer, or it was an error. The message says which."""


def post_json(url: str, body: dict[str, Any], *, bearer: str) -> dict[str, Any]:
    """Posts a JSON object, whose members that are None are left out, and returns the one of the answer.

    Raises RequestFailed.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise RequestFailed(f"{url}: not the address of a web server")
    sent = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, sent, headers)  # noqa: S310  the scheme is checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            received: dict[str, Any] = json.loads(answer.read(_MAX_ANSWER))
            return received
    except urllib.error.HTTPError as error:
        raise RequestFailed(f"{url}: {error.code} {_why(error.read(_MAX_ANSWER))}".rstrip()) from error
    except (OSError, ValueError) as error:
        raise RequestFailed(f"{url}: {error}") from error


def _why(body: bytes) -> str:
    """The message of an error of ours."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
