"""The requests that a media node answers, and their handlers.

The heartbeat thread answers one more, `ProbeNode` (`adapters/heartbeat.py`), so that a busy main loop cannot
delay it.
"""

from __future__ import annotations

from typing import Final

from hubbub_bus import RequestTable
from hubbub_contracts.bus.consumer import (
    CloseConsumer,
    CreateConsumer,
    PauseConsumer,
    RequestKeyFrame,
    ResumeConsumer,
    SetConsumerPriority,
    SetPreferredLayers,
)
from hubbub_contracts.bus.node import ClosePeer, DescribePeer, DrainNode
from hubbub_contracts.bus.pipe import OpenPipe, RelayLink, WantPipes
from hubbub_contracts.bus.plain_transport import ConnectPlainTransport, CreatePlainTransport
from hubbub_contracts.bus.producer import CloseProducer, CreateProducer, PauseProducer, ResumeProducer
from hubbub_contracts.bus.rtc_stats import ReadObjectStats, ReadRoomTransports
from hubbub_contracts.bus.transport import (
    CloseTransport,
    ConnectTransport,
    CreateTransport,
    RestartIce,
    SetMaxIncomingBitrate,
)

from . import consumer, drain, link_relays, outgoing_pipes, peer, plain_transport, producer, stats, transport
from .context import NodeContext

HANDLERS: Final[RequestTable[NodeContext]] = {
    CreateTransport: transport.create,
    ConnectTransport: transport.connect,
    RestartIce: transport.restart_ice,
    SetMaxIncomingBitrate: transport.set_max_incoming_bitrate,
    CloseTransport: transport.close,
    CreatePlainTransport: plain_transport.create,
    ConnectPlainTransport: plain_transport.connect,
    CreateProducer: producer.create,
    PauseProducer: producer.pause,
    ResumeProducer: producer.resume,
    CloseProducer: producer.close,
    CreateConsumer: consumer.create,
    PauseConsumer: consumer.pause,
    ResumeConsumer: consumer.resume,
    SetPreferredLayers: consumer.set_preferred_layers,
    SetConsumerPriority: consumer.set_priority,
    RequestKeyFrame: consumer.request_key_frame,
    CloseConsumer: consumer.close,
    ReadObjectStats: stats.get,
    ReadRoomTransports: stats.read_room,
    OpenPipe: outgoing_pipes.open_pipe,
    WantPipes: outgoing_pipes.want_pipes,
    RelayLink: link_relays.relay_link,
    DescribePeer: peer.describe,
    ClosePeer: peer.close,
    DrainNode: drain.drain,
}
