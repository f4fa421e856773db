"""What sending and receiving have in common."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from .signaling import Signaling


@dataclass(slots=True)
class MediaContext:
    """The session that media belong to."""

    signaling: Signaling
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    """Runs work in the background."""
    router_capabilities: Mapping[str, Any] = field(default_factory=dict)
    active: bool = False
    """Whether a session with the server exists, so that requests can be sent."""
