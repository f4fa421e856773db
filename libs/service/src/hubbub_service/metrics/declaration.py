"""What is declared of a metric before anybody counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Service = Literal["signaling", "registry", "media-node"]

SERVICES: tuple[Service, ...] = ("signaling", "registry", "media-node")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Its labels have few values, known beforehand: never a peer, a room or what a client wrote."""

    name: str
    """As Prometheus shows it: with the unit, a counter with `_total`."""
    kind: Kind
    unit: str
    """What one is; a word of its own where the name has none."""
    help: str
    services: tuple[Service, ...]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without infinity."""
    on_scrape: bool = False
    """Read from what is, when it is asked for, instead of being counted as it happens."""
