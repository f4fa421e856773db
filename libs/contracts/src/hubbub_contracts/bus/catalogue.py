"""All messages of the bus, grouped by who answers or publishes them."""

from __future__ import annotations

from typing import Any

from ..base import (
    CallsRequest,
    CaptionsRequest,
    ClusterRequest,
    Event,
    NodeRequest,
    RecorderRequest,
    RegistryRequest,
    SignalingRequest,
    WebhooksRequest,
    defined_in,
)
from . import (
    call,
    captions,
    cluster,
    consumer,
    media,
    message,
    moderation,
    node,
    node_list,
    peer,
    pipe,
    plain_transport,
    presence,
    producer,
    recording,
    revocation,
    room,
    rtc_stats,
    speaker,
    stats,
    store,
    transport,
    webhook,
)

_MODULES = (
    room,
    peer,
    transport,
    plain_transport,
    producer,
    consumer,
    pipe,
    node,
    node_list,
    cluster,
    media,
    speaker,
    rtc_stats,
    stats,
    store,
    call,
    presence,
    message,
    captions,
    recording,
    moderation,
    webhook,
    revocation,
)

REGISTRY_REQUESTS: tuple[type[RegistryRequest[Any]], ...] = defined_in(_MODULES, RegistryRequest)
NODE_REQUESTS: tuple[type[NodeRequest[Any]], ...] = defined_in(_MODULES, NodeRequest)
CLUSTER_REQUESTS: tuple[type[ClusterRequest[Any]], ...] = defined_in(_MODULES, ClusterRequest)
CALLS_REQUESTS: tuple[type[CallsRequest[Any]], ...] = defined_in(_MODULES, CallsRequest)
CAPTIONS_REQUESTS: tuple[type[CaptionsRequest[Any]], ...] = defined_in(_MODULES, CaptionsRequest)
RECORDER_REQUESTS: tuple[type[RecorderRequest[Any]], ...] = defined_in(_MODULES, RecorderRequest)
WEBHOOKS_REQUESTS: tuple[type[WebhooksRequest[Any]], ...] = defined_in(_MODULES, WebhooksRequest)
SIGNALING_REQUESTS: tuple[type[SignalingRequest[Any]], ...] = defined_in(_MODULES, SignalingRequest)
EVENTS: tuple[type[Event], ...] = defined_in(_MODULES, Event)
"""Published without a reply. Room changes are not listed: JetStream republishes the stored records."""
