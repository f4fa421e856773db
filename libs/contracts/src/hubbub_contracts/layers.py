"""Layers of a consumer, in socket and bus messages alike."""

from __future__ import annotations

from .base import Model
from .types import Layer


class ConsumerLayers(Model):
    """The layers that a consumer receives."""

    spatial_layer: Layer
    """The spatial layer, or encoding of simulcast, from 0, the lowest, to 255."""
    temporal_layer: Layer
    """The temporal layer, from 0, the lowest, to 255."""


class PreferredLayers(Model):
    """The highest layers that the consumer is to receive."""

    spatial_layer: Layer
    """The spatial layer, or encoding of simulcast, from 0, the lowest, to 255. Beyond the highest it means that one."""
    temporal_layer: Layer | None = None
    """The temporal layer, from 0 to 255, in the same way. Absent: the highest."""
