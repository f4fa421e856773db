"""The source of a client's audio, from the `appData` of its producer."""

from __future__ import annotations

from typing import Any

SCREEN_AUDIO = "screen-audio"
"""The `source` of the sound of a shared screen."""


def is_microphone(app_data: dict[str, Any]) -> bool:
    """Whether somebody speaks. Clients of other applications name no source: theirs are microphones."""
    return app_data.get("source") != SCREEN_AUDIO
