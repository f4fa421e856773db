"""What the media node reports of a client's resources: their ends, layers, pauses and scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hubbub_contracts.bus.media import (
    CloseReason,
    ConsumerClosed,
    ConsumerLayersChanged,
    ConsumerPaused,
    ConsumerResumed,
    ConsumerScoreChanged,
    MediaEvent,
    ProducerClosed,
    ProducerLayersWanted,
    ProducerScoreChanged,
    TransportClosed,
    TransportConnected,
    TransportDisconnected,
)
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.socket import consumer, producer, transport
from hubbub_contracts.types import ConnectionState

from ..domain.connection_state import FAILURES, is_connection
from ..domain.media_event_subject import subject_of
from ..domain.owned_resources import OwnedResources
from ..domain.ports import ClientSocket
from ..domain.stream_pushes import consumer_push, producer_push
from .connection_reporter import ConnectionReporter
from .membership import RoomMembership
from .registry_outbox import RegistryOutbox


class MediaEvents:
    """Applies the events to the resources, and tells client and registry."""

    def __init__(
        self,
        client: ClientSocket,
        resources: OwnedResources,
        outbox: RegistryOutbox,
        *,
        on_standby_lost: Callable[[CloseReason], None],
    ) -> None:
        """`on_standby_lost`: a transport of the standby was closed."""
        self._client = client
        self._resources = resources
        self._outbox = outbox
        self._on_standby_lost = on_standby_lost
        self._connection = ConnectionReporter(outbox)

    def stop(self) -> None:
        """Ends the reports about the connection, because the membership ends."""
        self._connection.stop()

    def apply(self, event: MediaEvent, membership: RoomMembership | None) -> None:
        """Pushes what changed to the client. Removes the resource that the node closed."""
        subject = subject_of(event)
        if membership is not None and isinstance(event, ProducerClosed | TransportClosed):
            self._follow(membership)
        match event:
            case TransportConnected() | TransportDisconnected() | TransportClosed():
                self._on_transport_event(event, membership)
            case ProducerClosed():
                self._producer_closed(event, membership)
            case ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason=reason):
                if self._resources.consumers.pop(consumer_id, None) is not None:
                    self._client.push(
                        consumer.ConsumerClosed(consumer_id=consumer_id, producer_id=producer_id, reason=reason)
                    )
            case ProducerLayersWanted() | ProducerScoreChanged():
                if self._is_of_producer(event):
                    self._client.push(producer_push(event))
            case ConsumerLayersChanged() | ConsumerScoreChanged():
                if subject in self._resources.consumers:
                    self._client.push(consumer_push(event))
            case ConsumerPaused() | ConsumerResumed():
                self._on_consumer_pause(event)

    def report_connection(self, state: ConnectionState, membership: RoomMembership | None) -> None:
        """Has the registry record whether the node has a connection with the peer."""
        if membership is not None:
            self._connection.report(membership, state)

    def _is_of_producer(self, event: ProducerLayersWanted | ProducerScoreChanged) -> bool:
        """Whether an event is about the client's producer: not about its copy on the standby, or one that it replaced.

        What replaces a producer reports perhaps before the answer to the request. Once a standby has taken over, it is
        asked what it has.
        """
        transport_id = self._resources.producers.get(event.producer_id)
        replacing = self._resources.replacing.get(event.producer_id)
        return transport_id is not None and event.transport_id in (None, transport_id, replacing)

    def _on_consumer_pause(self, event: ConsumerPaused | ConsumerResumed) -> None:
        """Pushes a change. After a gap, the node's description repeats what the client knows."""
        owned = self._resources.consumers.get(event.consumer_id)
        paused = isinstance(event, ConsumerPaused)
        if owned is None or (event.reason in owned.paused_by) == paused:
            return
        self._resources.consumers[event.consumer_id] = replace(owned, paused_by=owned.paused_by ^ {event.reason})
        push = consumer.ConsumerPaused if paused else consumer.ConsumerResumed
        self._client.push(push(consumer_id=event.consumer_id, reason=event.reason))

    def _on_transport_event(
        self, event: TransportConnected | TransportDisconnected | TransportClosed, membership: RoomMembership | None
    ) -> None:
        transports, transport_id = self._resources.hosted_directions, event.transport_id
        if self._resources.is_on_standby(transport_id):
            if isinstance(event, TransportClosed):
                self._on_standby_lost(event.reason)
            return
        if transport_id not in transports:
            return
        counts = is_connection(transport_id, transports)
        match event:
            case TransportConnected():
                self.report_connection("connected", membership)
            case TransportDisconnected():
                if counts:
                    self.report_connection("disconnected", membership)
            case TransportClosed(reason=reason):
                removed = self._resources.remove_transport(transport_id)
                if removed and membership is not None and _is_moving(membership):
                    self._remove_from_room(removed, membership)  # the node did not know yet that they are there
                self._client.push(transport.TransportClosed(transport_id=transport_id, reason=reason))
                if counts and reason in FAILURES:
                    self.report_connection("disconnected", membership)

    def _producer_closed(self, event: ProducerClosed, membership: RoomMembership | None) -> None:
        """Removes the producer from the room. The client knows of it unless a server sent it on behalf of the peer.

        One that was replaced, or taken over by a standby, goes on: its former node did not know of that yet.
        """
        producer_id = event.producer_id
        owner = self._resources.producers.get(producer_id)
        if owner is not None and event.transport_id not in (None, owner):
            return
        self._resources.producers.pop(producer_id, None)
        self._resources.standby_producers.pop(producer_id, None)  # its node closes what the room does not list
        if membership is None:
            return
        self._remove_from_room([producer_id], membership)
        if owner is None:
            return
        self._client.push(
            producer.ProducerClosed(
                producer_id=producer_id,
                peer_id=membership.peer_id,
                reason=event.reason,
                revision=membership.hub.view.revision,
            )
        )

    def _follow(self, membership: RoomMembership) -> None:
        record = membership.hub.view.peers.get(membership.peer_id)
        if record is not None:
            self._resources.follow(record)

    def _remove_from_room(self, producer_ids: list[str], membership: RoomMembership) -> None:
        self._outbox.enqueue(
            RemoveProducers(room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=producer_ids)
        )


def _is_moving(membership: RoomMembership) -> bool:
    peer = membership.hub.view.peers.get(membership.peer_id)
    return peer is not None and peer.leaving is not None
