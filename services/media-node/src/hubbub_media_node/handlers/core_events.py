"""Events of the media core."""

from __future__ import annotations

import structlog

from hubbub_contracts.bus.media import TransportConnected, TransportDisconnected
from hubbub_contracts.layers import ConsumerLayers
from hubbub_media_core import events

from ..domain.closures import CloseEvent, apply_close_event, to_owner
from ..domain.entities import WebRtcTransport
from .closing import close_router
from .context import NodeContext
from .handover import switch_consumers
from .layer_reports import report_bandwidth_pause, report_layers, report_wanted_encodings
from .link_messages import tell_node
from .link_states import report_link_state
from .pipes import tell_core
from .score_reports import report_score
from .speech_reports import report_speakers

_log = structlog.get_logger(__name__)


def handle(context: NodeContext, worker: int, event: events.Event) -> None:
    """Handles one event of one worker, synchronously: the order of events is kept."""
    match event:
        case events.DtlsReceived(transport, datagram):
            context.dtls.received(transport, datagram)
        case events.IceSelected(transport, state):
            if not report_link_state(context, event):
                _handle_ice(context, transport, state)
        case events.ProducerClosed() | events.ConsumerClosed():
            _handle_closed(context, event)
        case events.TransportClosed(transport):
            context.dtls.close(transport)
            _handle_closed(context, event)
        case events.ProducerReplaced():
            switch_consumers(context, event)
        case events.Fault(message):
            _log.error("recovered from a fault in a worker", worker=worker, fault=message)
        case events.LayersChanged() | events.BandwidthPause() | events.LayersWanted():
            _handle_layers(context, event)
        case events.ProducerScore() | events.ConsumerScore():
            report_score(context, event)
        case events.ActiveSpeaker() | events.AudioLevels():
            report_speakers(context, event)
        case events.Reply():
            pass


def _handle_layers(
    context: NodeContext, event: events.LayersChanged | events.BandwidthPause | events.LayersWanted
) -> None:
    """Reports what a consumer receives, or what a producer's client is to send, from now on."""
    if isinstance(event, events.LayersWanted):
        context.entities.pipes.want(event.producer, event.encodings)
        tell_core(context)
        if (link := context.entities.incoming.want(event.producer, event.encodings)) is not None:
            tell_node(context, link)
        report_wanted_encodings(context, event.producer, list(event.encodings))
        return
    consumer = context.entities.consumer_by_core_id(event.consumer)
    if consumer is None:
        return
    match event:
        case events.LayersChanged(_, spatial, temporal):
            report_layers(context, consumer, ConsumerLayers(spatial_layer=spatial, temporal_layer=temporal))
        case events.BandwidthPause(_, paused):
            report_bandwidth_pause(context, consumer, paused)


def _handle_ice(context: NodeContext, core_id: int, state: events.IceState) -> None:
    if state == "connected":
        context.dtls.ice_selected(core_id)
    if state != "new":  # without a pair, a silent client stays silent
        _handle_silence(context, core_id, state == "disconnected")


def _handle_silence(context: NodeContext, core_id: int, silent: bool) -> None:
    """Reports a client that falls silent or sends again to its session. Before the handshake it has no connection."""
    transport = context.entities.transport_by_core_id(core_id)
    if not isinstance(transport, WebRtcTransport) or transport.silent == silent:
        return
    transport.silent = silent
    if transport.established:
        event = TransportDisconnected if silent else TransportConnected
        context.media_events.publish(to_owner(transport, event(transport_id=transport.id)))


def _is_of_pipes(context: NodeContext, event: CloseEvent) -> bool:
    """Applies a close event to the links and pipes. False when the object belongs to none."""
    entities = context.entities
    if entities.pipes.closed(event):
        return True
    match event:
        case events.TransportClosed(transport):
            return entities.incoming.transport_closed(transport) or entities.outgoing.transport_closed(transport)
        case events.ProducerClosed(producer):
            return entities.incoming.end_closed(producer)
        case events.ConsumerClosed(consumer):
            return entities.outgoing.end_closed(consumer)


def _handle_closed(context: NodeContext, event: CloseEvent) -> None:
    if isinstance(event, events.ProducerClosed):
        context.entities.replacements.end(event.producer)
    if _is_of_pipes(context, event):
        tell_core(context)
        return
    closure = apply_close_event(context.entities, event)
    if closure.event is not None:
        context.media_events.publish(closure.event)
        context.telemetry.object_closed(closure.event.event)
    for router in closure.empty_routers:
        close_router(context, router)
