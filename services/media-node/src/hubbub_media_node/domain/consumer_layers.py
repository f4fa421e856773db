"""The layers that a consumer can receive, as its producer declared them."""

from __future__ import annotations

from hubbub_contracts.bus.consumer import ConsumerCreated
from hubbub_contracts.layers import PreferredLayers
from hubbub_ortc import parse_scalability_mode


def has_layers(consumer: ConsumerCreated) -> bool:
    """Whether the consumer is `simulcast` or `svc`."""
    return consumer.type in ("simulcast", "svc")


def effective_layers(consumer: ConsumerCreated, preferred: PreferredLayers) -> PreferredLayers | None:
    """`preferred`, limited to the producer's layers. None when the consumer has none.

    A producer that declares no scalability mode may still send temporal layers (browsers do for VP8 simulcast): those
    are not limited.
    """
    if not has_layers(consumer):
        return None
    declared = consumer.rtp_parameters["encodings"][0].get("scalabilityMode")
    mode = parse_scalability_mode(declared)
    temporal = preferred.temporal_layer
    if mode["temporalLayers"] > 1:
        highest = mode["temporalLayers"] - 1
        temporal = highest if temporal is None else min(temporal, highest)
    return PreferredLayers(
        spatial_layer=min(preferred.spatial_layer, mode["spatialLayers"] - 1), temporal_layer=temporal
    )
