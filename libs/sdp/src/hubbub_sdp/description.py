"""A parsed session description: the parts of an offer that WHIP and WHEP need (RFC 8866, RFC 9429)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Setup = Literal["active", "passive", "actpass", "holdconn"]
Fmtp = Mapping[str, str | int]
"""Codec parameters. A value without a name has the empty name."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A payload type of a media section: `a=rtpmap` with its `a=fmtp` and `a=rtcp-fb`."""

    payload_type: int
    name: str
    clock_rate: int
    """Hz."""
    channels: int = 1
    parameters: Fmtp = field(default_factory=dict)
    feedback: tuple[tuple[str, str], ...] = ()
    """Type and parameter, such as `("nack", "pli")`."""


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """An `a=extmap` (RFC 8285)."""

    id: int
    uri: str
    direction: Direction = "sendrecv"


@dataclass(frozen=True, slots=True)
class Stream:
    """An SSRC that the sender announced, and that of its retransmissions (`a=ssrc-group:FID`)."""

    ssrc: int
    rtx_ssrc: int | None = None


@dataclass(frozen=True, slots=True)
class Association:
    """The ICE and DTLS attributes of a media section or of the session."""

    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    fingerprints: tuple[tuple[str, str], ...] = ()
    """Hash function and value."""
    setup: Setup | None = None


@dataclass(frozen=True, slots=True)
class MediaSection:
    """An `m=` line with its attributes."""

    kind: str
    """`audio`, `video`, or any other word."""
    protocol: str
    mid: str
    direction: Direction
    disabled: bool
    """Port 0 without `bundle-only`."""
    rtcp_mux: bool
    rtcp_rsize: bool
    codecs: tuple[Codec, ...]
    """In the order of preference of the `m=` line."""
    extensions: tuple[HeaderExtension, ...]
    rids: tuple[str, ...]
    """The encodings that the sender offers, in the order of `a=simulcast`; empty without simulcast."""
    streams: tuple[Stream, ...]
    cname: str | None
    msid: str | None
    """The id of the stream and that of the track."""
    association: Association


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """An offer."""

    sections: tuple[MediaSection, ...]
    bundle: tuple[str, ...]
    """The MIDs that share one transport (RFC 9143)."""
    extmap_allow_mixed: bool
    association: Association
    """That of the session, which holds for sections without their own."""
