"""Requests between the media nodes of a room: how a producer of one reaches the peers of another.

A link carries producers from the node that answers to the one that asks, as SRTP over UDP. Both nodes derive its keys
and passwords from the public keys of its ends; no message has them.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Model, NodeRequest
from ..scores import EncodingScore
from ..types import ConsumerType, Count, Epoch, Id, NodeId, OpenMediaKind, RoomId, RtpParameters
from .plain_transport import Port
from .records import Placement

MAX_LINKS = 1_024
"""Links of a router that a request can name."""
MAX_PIPES = 10_000
"""Producers on a link that a request can name."""
MAX_VIA = 8
"""Nodes that can wait for each other for a producer."""


class LinkEnd(Model):
    """One end of a link. Its key pair is fresh, and for this link alone."""

    ip: str = Field(max_length=64)
    """The IP address on which the node hears other nodes."""
    port: Port
    """The UDP port of the worker."""
    username_fragment: str = Field(min_length=16, max_length=256)
    """Of its ICE credentials (RFC 8445, section 5.3)."""
    public_key: str = Field(max_length=64)
    """Of X25519 (RFC 7748), 32 bytes in base64."""


class MediaAddress(Model):
    """Where a worker of a node receives media."""

    ip: str = Field(max_length=64)
    port: Port


class RelayedEnd(MediaAddress):
    """One end of a link that a third node relays: where its node receives, and sends from."""

    username_fragment: str = Field(min_length=16, max_length=256)
    """Of the end's ICE credentials."""


class PipeOpened(Model):
    """A producer, as the link delivers it."""

    link_id: Id
    """Of the link that carries it: one of those that the request names, or the offered one."""
    end: LinkEnd | None = None
    """The other end of an offered link. Absent when another one is used."""
    kind: OpenMediaKind
    type: ConsumerType
    paused: bool
    is_microphone: bool
    """Of audio: somebody speaks."""
    rtp_parameters: RtpParameters
    """Of the streams on the link."""
    consumable_rtp_parameters: RtpParameters
    """Those from which its consumers' are derived."""


class OpenPipe(NodeRequest[PipeOpened]):
    """Asks a node to send a producer that it has, or gets from another one.

    A repetition for the same link gets the same answer.

    Nothing is sent before `WantPipes` says what.

    Errors: `not_found` when the producer is not on the node, `unavailable` when the link could not be made.
    """

    verb: ClassVar[str] = "pipe.open"
    room_id: RoomId
    producer_id: Id
    node_id: NodeId
    """The node that asks."""
    epoch: Epoch
    """Its incarnation."""
    link_id: Id
    """A link that the node makes if none of `links` leads to the producer's router."""
    offer: LinkEnd
    """The requester's end of that link."""
    links: list[Id] = Field(default_factory=list, max_length=MAX_LINKS)
    """The links from this node that the producer may use."""
    origin: Placement | None = None
    """Where the producer is, if that is another node than the one that is asked, which then gets it from there. Older
    versions answer `not_found`."""
    via: list[NodeId] = Field(default_factory=list, max_length=MAX_VIA)
    """The nodes that wait for the answer to this request, besides the one that asks. A node that is among them answers
    `unavailable`."""


class PipesWanted(Model):
    """The state of the producers that were named."""

    closed: list[Id] = Field(default_factory=list)
    """The producers that it does not have."""
    missing: list[Id] = Field(default_factory=list)
    """The producers that it has, but does not send over this link."""
    scores: dict[Id, list[EncodingScore]] = Field(default_factory=dict)
    """How well the streams of the producers arrive there, where it is known."""
    cut_off: list[Id] = Field(default_factory=list)
    """The producers of other nodes that it gets nothing of: a link is lost on the way. Empty in older versions."""
    replaced: list[Id] = Field(default_factory=list)
    """The producers of other nodes that it gets by another path from now on: what it sends over this link ends in a few
    seconds, and `OpenPipe` gets what takes its place. Empty in older versions."""


class WantPipes(NodeRequest[PipesWanted]):
    """Says which encodings of which producers a link is to carry: at each change, and every 2 s.

    A producer that is not named is not sent, and after 10 s no longer ready to be sent. A link that is not connected,
    and of which no message was heard for 15 s, is closed.
    """

    verb: ClassVar[str] = "pipe.want"
    room_id: RoomId
    link_id: Id
    sequence: Count
    """Grows with each message about the link. An older one that arrives late has no effect."""
    wanted: dict[Id, list[bool]] = Field(max_length=MAX_PIPES)
    """By producer, for each of its encodings."""
    relay: MediaAddress | None = None
    """Where a third node relays the link: it goes by that as well while the direct way is cut. Older versions ignore
    it."""
    idle: bool = False
    """The node is only a standby of peers of the room, which nobody there hears: not even microphones are sent. Older
    versions send them."""


class RelayLink(NodeRequest[MediaAddress]):
    """Asks a third node of the room to relay a link whose nodes do not reach each other, for 10 s unless repeated.

    It forwards the datagrams between the two ends as they are, and has none of their keys. Answers where it does.

    Errors: `not_found` when the room is not on the node, `invalid_argument` when an end is on it.
    """

    verb: ClassVar[str] = "pipe.relay"
    room_id: RoomId
    ends: list[RelayedEnd] = Field(min_length=2, max_length=2)
