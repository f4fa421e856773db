"""What the table of an HTTP route says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..base import Model


@dataclass(frozen=True)
class Route:
    """One HTTP route."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    answer: type[Model]
    """The body of a successful answer."""
    summary: str
    """What the route does, in Markdown."""
    body: type[Model] | None = None
    """The body of the request; None: it has none."""
    status: int = 200
    """The status of a successful answer."""
    query: tuple[tuple[str, str], ...] = ()
    """The query parameters with their meaning, in Markdown."""
