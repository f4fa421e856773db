"""What the client of a WHEP offer can receive: a slot for each media section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from hubbub_contracts.types import MediaKind
from hubbub_ortc.types import RtpCapabilities

from .association import check_bundle
from .codecs import all_common_codecs, as_json, common_extensions, describe, without_unused_feedback
from .description import Codec, HeaderExtension, MediaSection, SessionDescription
from .errors import UnsupportedSdp

MAX_MID: Final = 16
"""Characters of a MID that fits into a one-byte header extension (RFC 8285, section 4.2)."""
_RECEIVING: Final = frozenset({"recvonly", "sendrecv"})


@dataclass(frozen=True, slots=True)
class Slot:
    """A media section that receives one track at a time, and its part of the answer."""

    section: MediaSection
    kind: MediaKind
    codecs: list[Codec]
    """Those that the room may have, with their RTX, in the client's order."""
    extensions: list[HeaderExtension]
    rtp_capabilities: dict[str, Any]
    """Those of the section, for `consume`."""


def slots(offer: SessionDescription, router: RtpCapabilities) -> list[Slot]:
    """The sections that can receive. Raises `UnsupportedSdp` when there is none."""
    check_bundle(offer)
    used = [section for section in offer.sections if not section.disabled]
    found = [slot for section in used if (slot := _slot(section, router)) is not None]
    if not found:
        offered = "; ".join(f"{section.kind} {section.direction}: {describe(section)}" for section in used) or "nothing"
        raise UnsupportedSdp(f"no media section can receive audio or video of this room, the offer has {offered}")
    return found


def _slot(section: MediaSection, router: RtpCapabilities) -> Slot | None:
    if section.kind not in ("audio", "video") or section.direction not in _RECEIVING or len(section.mid) > MAX_MID:
        return None
    extensions = common_extensions(section, router, to_client=True)
    codecs = without_unused_feedback(all_common_codecs(section, router), extensions)
    if not codecs:
        return None
    kind = cast("MediaKind", section.kind)
    capabilities = {
        "codecs": [
            {"kind": kind, "preferredPayloadType": codec.payload_type, **as_json(codec, kind)} for codec in codecs
        ],
        "headerExtensions": [{"kind": kind, "uri": each.uri, "preferredId": each.id} for each in extensions],
    }
    return Slot(section, kind, codecs, extensions, capabilities)
