"""What the client of a WHIP offer publishes: a producer for each media section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from hubbub_contracts.types import MediaKind
from hubbub_ortc.header_extensions import MID
from hubbub_ortc.types import RtpCapabilities

from .association import check_bundle
from .codecs import as_json, common_extensions, describe, first_common_codec, without_unused_feedback
from .description import Codec, HeaderExtension, MediaSection, SessionDescription
from .errors import UnsupportedSdp
from .simulcast import lowest_first

_SENDING: Final = frozenset({"sendonly", "sendrecv"})


@dataclass(frozen=True, slots=True)
class Publication:
    """A track that the client publishes, and its part of the answer."""

    section: MediaSection
    kind: MediaKind
    codecs: list[Codec]
    """The negotiated media codec and its RTX."""
    extensions: list[HeaderExtension]
    rtp_parameters: dict[str, Any]
    """Those of the producer."""


def publications(offer: SessionDescription, router: RtpCapabilities) -> list[Publication]:
    """The tracks of an offer. Raises `UnsupportedSdp` if one of them cannot be received.

    An offer is accepted or refused as a whole (RFC 9725, section 4.4.2): a client that streams without its video, say,
    would not notice.
    """
    check_bundle(offer)
    found = [_publication(section, router) for section in offer.sections if not section.disabled]
    if not found:
        raise UnsupportedSdp("the offer has no media")
    return found


def _publication(section: MediaSection, router: RtpCapabilities) -> Publication:
    where = f"media section {section.mid} ({section.kind})"
    if section.kind not in ("audio", "video"):
        raise UnsupportedSdp(f"{where}: only audio and video can be published")
    if section.direction not in _SENDING:
        raise UnsupportedSdp(f"{where}: is {section.direction}, but must send")
    codecs = first_common_codec(section, router)
    if not codecs:
        raise UnsupportedSdp(f"{where}: no codec in common, the offer has {describe(section)}")
    extensions = common_extensions(section, router)
    codecs = without_unused_feedback(codecs, extensions)
    encodings = _encodings(section)
    if not encodings:
        if not any(each.uri == MID for each in extensions):
            raise UnsupportedSdp(f"{where}: neither a=ssrc nor the MID extension tells its packets from others")
        encodings = [{}]
    parameters: dict[str, Any] = {
        "mid": section.mid,
        "codecs": [{"payloadType": codec.payload_type, **as_json(codec, section.kind)} for codec in codecs],
        "headerExtensions": [{"uri": each.uri, "id": each.id} for each in extensions],
        "encodings": encodings,
        "rtcp": {"cname": section.cname or "", "reducedSize": True},
    }
    if section.msid:
        parameters["msid"] = section.msid
    return Publication(section, cast("MediaKind", section.kind), codecs, extensions, parameters)


def _encodings(section: MediaSection) -> list[dict[str, Any]]:
    """The encodings, the lowest first."""
    if section.rids:
        return [{"rid": rid} for rid in lowest_first(section.rids)]
    return [
        {"ssrc": stream.ssrc, **({} if stream.rtx_ssrc is None else {"rtx": {"ssrc": stream.rtx_ssrc}})}
        for stream in section.streams[:1]
    ]
