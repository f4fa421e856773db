"""Statistics of transports, producers and consumers, with mediasoup's field names."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from .base import Model
from .scores import Score
from .types import Count, Id, NodeId, OpenMediaKind

MAX_PIPES: Final = 500
"""Pipes of a room that one media node reports."""


class TransportStats(Model):
    """The counters of a transport."""

    type: Literal["webrtc-transport"] = "webrtc-transport"
    """What the entry is about."""
    transport_id: Id
    """The transport."""
    timestamp: Count
    """Unix time, milliseconds."""
    bytes_received: Count
    """Of any kind, without UDP or TCP and IP headers."""
    packets_received: Count
    """Datagrams of any kind."""
    bytes_sent: Count
    """Of any kind, without UDP or TCP and IP headers."""
    packets_sent: Count
    """Datagrams of any kind."""
    probation_bytes_sent: Count
    """Bytes sent only to probe for bandwidth, within `bytesSent`."""
    round_trip_time: float | None = None
    """Milliseconds."""
    available_outgoing_bitrate: Count | None = None
    """The bitrate that the client can receive, bit/s: the node's estimate, or the client's. Absent when not known."""
    max_outgoing_bitrate: Count | None = None
    """The estimate is never higher, bit/s."""
    allocated_outgoing_bitrate: Count | None = None
    """What the estimate is used for: the videos that the client receives, bit/s."""
    wanted_outgoing_bitrate: Count | None = None
    """What these videos could use, bit/s."""
    max_incoming_bitrate: Count | None = None
    """What the client is asked not to exceed, bit/s."""


class InboundStats(Model):
    """One stream of a producer, as the server receives it."""

    type: Literal["inbound-rtp"] = "inbound-rtp"
    """What the entry is about."""
    timestamp: Count
    """Unix time, milliseconds."""
    kind: OpenMediaKind
    """Audio or video."""
    mime_type: str | None = None
    """The codec. Absent when several are negotiated, of which each packet may have another one."""
    ssrc: Count
    """The SSRC."""
    rtx_ssrc: Count | None = None
    """The SSRC of its retransmissions, once it is known."""
    rid: str | None = None
    """The RID of the encoding."""
    packet_count: Count
    """Media packets, without duplicates, with repaired ones."""
    byte_count: Count
    """Of payload."""
    bitrate: Count
    """Of payload over the last second, bit/s."""
    packets_lost: int
    """Received neither directly nor by RTX."""
    jitter: Count
    """RTP timestamp units."""
    nack_count: Count | None = None
    """NACKs sent to the client; absent: an older node."""
    nack_packet_count: Count
    """Packets requested from the client."""
    packets_repaired: Count
    """Packets that arrived by RTX in time."""
    packets_discarded: Count
    """Duplicates, probes and padding."""
    pli_count: Count
    """PLIs sent to the client, for all streams of the producer."""
    fir_count: Count | None = None
    """FIRs likewise; absent: an older node, which counts them as PLIs."""
    round_trip_time: float | None = None
    """To the client, milliseconds, once it is known."""
    score: Score
    """How well it arrives: 0, the worst or nothing, to 10."""


class OutboundStats(Model):
    """The stream of a consumer."""

    type: Literal["outbound-rtp"] = "outbound-rtp"
    """What the entry is about."""
    timestamp: Count
    """Unix time, milliseconds."""
    kind: OpenMediaKind
    """Audio or video."""
    mime_type: str | None = None
    """The codec. Absent when several are negotiated, of which each packet may have another one."""
    ssrc: Count
    """The SSRC."""
    rtx_ssrc: Count | None = None
    """The SSRC of its retransmissions; absent without RTX."""
    packet_count: Count
    """Media packets, without retransmissions."""
    byte_count: Count
    """Of payload."""
    bitrate: Count
    """Of payload over the last second, bit/s."""
    packets_lost: int
    """According to the client's last receiver report."""
    fraction_lost: Count
    """Between the client's last two receiver reports, 1/256."""
    jitter: Count
    """At the client, RTP timestamp units."""
    packets_retransmitted: Count
    """Packets that were sent again."""
    nack_count: Count | None = None
    """NACKs of the client; absent: an older node."""
    nack_packet_count: Count | None = None
    """Packets that the client requested; absent: an older node."""
    pli_count: Count
    """PLIs of the client."""
    fir_count: Count | None = None
    """FIRs of the client; absent: an older node, which counts them as PLIs."""
    round_trip_time: float | None = None
    """By the client's last receiver report on this stream, milliseconds, once it is known."""
    score: Score
    """How well it arrives at the client: 0, the worst, to 10."""


StatsEntry = TransportStats | InboundStats | OutboundStats
"""The statistics of a transport, or of one stream; `type` says which."""


class StatsReport(Model):
    """The statistics of one object: one entry, or one for each stream of a producer that has received packets."""

    stats: list[StatsEntry]
    """The entries."""


class TransportCounters(Model):
    """What one transport of a peer has carried. Two of them show the bitrates."""

    peer_id: Id
    """Whose transport it is."""
    transport_id: Id
    """The transport."""
    timestamp: Count
    """Unix time of the media node, milliseconds."""
    bytes_received: Count
    """From the peer, of any kind, without UDP or TCP and IP headers."""
    bytes_sent: Count
    """To the peer, likewise."""
    worker: Count | None = None
    """Index of the worker on the peer's media node; absent: an older node."""


class PipeEnd(Model):
    """Where a pipe begins or ends."""

    node_id: NodeId
    """The media node."""
    worker: Count | None = None
    """Index of the worker there; absent: that node did not answer."""


class RoomPipe(Model):
    """A producer that is carried to another worker of its node, or to another node."""

    producer_id: Id
    """The producer, of a peer that may be on a third worker: a producer reaches a node once, and its other workers from
    there."""
    origin: PipeEnd
    """From where."""
    target: PipeEnd
    """To where."""
    connected: bool = True
    """False: the connectivity checks of the link between the two nodes fail."""
    encodings: list[bool]
    """Whether each of the producer's encodings is carried: somebody behind the pipe wants it."""
    bitrate: Count | None = None
    """Of payload that arrives, over the last second, bit/s; absent: the target's node did not answer."""


class RoomTransports(Model):
    """The transports of a room's peers, and the pipes between the room's workers and nodes."""

    transports: list[TransportCounters]
    """By peer, in no order that means anything."""
    pipes: list[RoomPipe] = Field(default_factory=list)
    """In no order that means anything; those of older media nodes are missing."""
    pipes_left_out: Count = 0
    """How many more there are: a media node reports 500."""
