"""All messages of the bus, grouped by who answers or publishes them."""

from __future__ import annotations

from typing import Any

from ..base import Event, NodeRequest, RegistryRequest, defined_in
from . import consumer, media, node, peer, plain_transport, producer, room, rtc_stats, speaker, stats, store, transport

_MODULES = (room, peer, transport, plain_transport, producer, consumer, node, media, speaker, rtc_stats, stats, store)

REGISTRY_REQUESTS: tuple[type[RegistryRequest[Any]], ...] = defined_in(_MODULES, RegistryRequest)
NODE_REQUESTS: tuple[type[NodeRequest[Any]], ...] = defined_in(_MODULES, NodeRequest)
EVENTS: tuple[type[Event], ...] = defined_in(_MODULES, Event)
"""Published without a reply. Room changes are not listed: JetStream republishes the stored records."""
