"""The declaration of a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Service = Literal["signaling", "registry", "media-node", "calls", "captions", "recorder", "webhooks"]

SERVICES: tuple[Service, ...] = ("signaling", "registry", "media-node", "calls", "captions", "recorder", "webhooks")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. The values of its labels are few and known in advance: never a peer, a room or a client's input."""

    name: str
    """The name in Prometheus: ends with the unit; a counter's ends with `_total`."""
    kind: Kind
    unit: str
    """The meaning of the value."""
    help: str
    services: tuple[Service, ...]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """The upper bounds of a histogram's buckets, without infinity."""
    on_scrape: bool = False
    """Read from the state on each scrape, instead of counted when something happens."""
