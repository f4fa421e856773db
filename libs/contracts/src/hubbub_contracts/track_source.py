"""The source of a track: what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from .types import TrackSource

SOURCES_OF: Final[Mapping[str, tuple[TrackSource, ...]]] = {
    "audio": ("microphone", "screen-audio"),
    "video": ("camera", "screen"),
}
"""Media kind -> its sources. The first is that of a track that names none."""
_KNOWN = frozenset(get_args(TrackSource))


def named_source(kind: str, app_data: Mapping[str, Any]) -> TrackSource | None:
    """The source that the `appData` of a producer names; without one, that of most tracks of this kind.

    None: the `appData` names something that is no source of this kind.
    """
    sources = SOURCES_OF.get(kind, ())
    named = app_data.get("source", sources[0] if sources else None)
    return next((source for source in sources if source == named), None)


def track_source(kind: str, app_data: Mapping[str, Any], source: str | None = None) -> TrackSource | None:
    """The source of a producer: its `source`, else that of its `appData`, else that of most tracks of this kind.

    None: a kind that this version does not know.
    """
    if source in _KNOWN:
        return source  # type: ignore[return-value]
    sources = SOURCES_OF.get(kind, ())
    return named_source(kind, app_data) or (sources[0] if sources else None)
