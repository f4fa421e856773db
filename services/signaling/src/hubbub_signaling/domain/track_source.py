"""The source of a track, from the `appData` of its producer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCREEN_AUDIO = "screen-audio"
"""The `source` of the sound of a shared screen."""
_BY_KIND: Mapping[str, str] = {"audio": "microphone", "video": "camera"}
"""Clients of other applications name no source."""


def source_of(kind: str, app_data: Mapping[str, Any]) -> str | None:
    """The source that the client names, else that of most tracks of this kind. None: it is not text."""
    source = app_data.get("source", _BY_KIND.get(kind))
    return source if isinstance(source, str) else None


def is_microphone(app_data: Mapping[str, Any]) -> bool:
    """Whether somebody speaks in this audio."""
    return source_of("audio", app_data) != SCREEN_AUDIO
