"""Writes answers, and the fragments that answer an ICE restart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hubbub_contracts.bus.transport import DtlsParameters, IceCandidate, IceParameters

from .description import Codec, Direction, HeaderExtension, MediaSection, SessionDescription
from .parse import fmtp_text


@dataclass(frozen=True, slots=True)
class SentStream:
    """The stream that the server sends in a media section."""

    ssrc: int
    rtx_ssrc: int | None
    cname: str
    msid: str
    """The id of the stream and that of the track."""


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """The answer to one media section."""

    offered: MediaSection
    direction: Direction
    codecs: Sequence[Codec] = ()
    extensions: Sequence[HeaderExtension] = ()
    stream: SentStream | None = None
    """None: nothing is sent, or its SSRC is not known yet."""


@dataclass(frozen=True, slots=True)
class ServerTransport:
    """The server's side of the transport."""

    ice: IceParameters
    candidates: Sequence[IceCandidate]
    dtls: DtlsParameters
    setup: Literal["active", "passive"]


def write_answer(
    offer: SessionDescription, sections: Iterable[AnswerSection], transport: ServerTransport, *, session_id: int
) -> str:
    """The answer to `offer`. Media sections that `sections` leaves out are rejected.

    `session_id`: 63 bits, at random (RFC 9429, section 5.2.1).
    """
    answered = {section.offered.mid: section for section in sections}
    accepted = [section.mid for section in offer.sections if section.mid in answered]
    lines = ["v=0", f"o=- {session_id} 0 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"]
    if offer.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    if offer.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(accepted)}")
    for offered in offer.sections:
        section = answered.get(offered.mid)
        lines += _rejected(offered) if section is None else _accepted(section, transport)
    return "".join(f"{line}\r\n" for line in lines)


def ice_lines(ice: IceParameters, candidates: Iterable[IceCandidate]) -> list[str]:
    """The ICE attributes of a media section."""
    return [
        f"a=ice-ufrag:{ice.username_fragment}",
        f"a=ice-pwd:{ice.password}",
        *(_candidate(each) for each in candidates),
        "a=end-of-candidates",
    ]


def _rejected(offered: MediaSection) -> list[str]:
    formats = " ".join(str(codec.payload_type) for codec in offered.codecs) or "0"
    media = f"m={offered.kind} 0 {offered.protocol} {formats}"
    return [media, "c=IN IP4 0.0.0.0", f"a=mid:{offered.mid}", "a=inactive"]


def _accepted(section: AnswerSection, transport: ServerTransport) -> list[str]:
    offered = section.offered
    formats = " ".join(str(codec.payload_type) for codec in section.codecs)
    lines = [
        f"m={offered.kind} 9 {offered.protocol} {formats}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{offered.mid}",
        f"a={section.direction}",
        "a=rtcp-mux",
        *(["a=rtcp-rsize"] if offered.rtcp_rsize else []),
        *ice_lines(transport.ice, transport.candidates),
        *(f"a=fingerprint:{each.algorithm} {each.value}" for each in transport.dtls.fingerprints),
        f"a=setup:{transport.setup}",
        *(f"a=extmap:{each.id} {each.uri}" for each in section.extensions),
    ]
    for codec in section.codecs:
        lines += _codec(codec, offered.kind)
    if offered.rids and section.direction == "recvonly":
        lines += [*(f"a=rid:{rid} recv" for rid in offered.rids), f"a=simulcast:recv {';'.join(offered.rids)}"]
    if section.stream is not None:
        lines += _stream(section.stream)
    return lines


def _codec(codec: Codec, kind: str) -> list[str]:
    channels = f"/{codec.channels}" if kind == "audio" and codec.channels > 1 else ""
    lines = [f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"]
    if codec.parameters:
        lines.append(f"a=fmtp:{codec.payload_type} {fmtp_text(codec.parameters)}")
    return lines + [f"a=rtcp-fb:{codec.payload_type} {' '.join(filter(None, feedback))}" for feedback in codec.feedback]


def _stream(stream: SentStream) -> list[str]:
    lines = [f"a=msid:{stream.msid}"]
    ssrcs = [stream.ssrc] if stream.rtx_ssrc is None else [stream.ssrc, stream.rtx_ssrc]
    if stream.rtx_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {stream.ssrc} {stream.rtx_ssrc}")
    return lines + [f"a=ssrc:{ssrc} cname:{stream.cname}" for ssrc in ssrcs]


def _candidate(candidate: IceCandidate) -> str:
    tcp = f" tcptype {candidate.tcp_type}" if candidate.tcp_type else ""
    return (
        f"a=candidate:{candidate.foundation} 1 {candidate.protocol} {candidate.priority} {candidate.address} "
        f"{candidate.port} typ {candidate.type}{tcp}"
    )
