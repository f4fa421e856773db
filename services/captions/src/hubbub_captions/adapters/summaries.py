"""Summaries of transcripts, by an HTTP server or a Python package of the operator's. By default there are none."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

GROUP = "hubbub.summaries"
"""The group of the entry points: functions of a transcript's JSON object that return the summary, or None."""
TIMEOUT = 60.0
"""Seconds for the answer of the server."""
MAX_BYTES = 1 << 20

Summarize = Callable[[dict[str, Any]], str | None]


def posted_to(url: str) -> Summarize:
    """Posts the transcript as JSON. The body of the answer is the summary; empty: there is none. Raises OSError."""

    def summarize(transcript: dict[str, Any]) -> str | None:
        request = urllib.request.Request(  # noqa: S310  the operator's URL, which the settings have checked
            url, json.dumps(transcript).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            text: str = answer.read(MAX_BYTES).decode("utf-8", "replace")
        return text or None

    return summarize


def plugin(name: str) -> Summarize:
    """The entry point of this name in the group. Raises ValueError when no installed package has it."""
    for found in entry_points(group=GROUP, name=name):
        summarize: Summarize = found.load()
        return summarize
    raise ValueError(f"SUMMARY_PLUGIN={name}: no installed package has this entry point in the group {GROUP}")
