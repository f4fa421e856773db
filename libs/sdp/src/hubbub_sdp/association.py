"""The transport that an offer asks for: one ICE and DTLS association for all media (RFC 9725, section 4.4.1)."""

from __future__ import annotations

from typing import Final, Literal

from hubbub_contracts.bus.transport import DtlsParameters, Fingerprint

from .description import Association, SessionDescription, Setup
from .errors import UnsupportedSdp

MAX_FINGERPRINTS: Final = 8
_MAX_ALGORITHM: Final = 16
_MAX_DIGEST: Final = 256

_ANSWERS: Final[dict[Setup, tuple[Literal["active", "passive"], Literal["client", "server"]]]] = {
    "actpass": ("passive", "client"),
    "active": ("passive", "client"),
    "passive": ("active", "server"),
}
"""By the offer's `a=setup`: that of the answer, and the client's DTLS role (RFC 8842, section 5.2)."""


def answered_setup(offer: SessionDescription) -> Literal["active", "passive"]:
    """The `a=setup` of the answer. Raises `UnsupportedSdp`."""
    return _ANSWERS[_setup(offer)][0]


def dtls_parameters(offer: SessionDescription) -> DtlsParameters:
    """The client's DTLS parameters. Raises `UnsupportedSdp`."""
    found = next(
        (each.fingerprints for each in _associations(offer) if each.fingerprints),
        (),
    )
    fingerprints = [
        Fingerprint(algorithm=algorithm, value=value)
        for algorithm, value in found[:MAX_FINGERPRINTS]
        if len(algorithm) <= _MAX_ALGORITHM and len(value) <= _MAX_DIGEST
    ]
    if not fingerprints:
        raise UnsupportedSdp("the offer has no a=fingerprint: media is encrypted by DTLS-SRTP only")
    return DtlsParameters(role=_ANSWERS[_setup(offer)][1], fingerprints=fingerprints)


def ice_ufrag(offer: SessionDescription) -> str:
    """The client's ICE username fragment. Raises `UnsupportedSdp`."""
    found = next((each.ice_ufrag for each in _associations(offer) if each.ice_ufrag), None)
    if found is None:
        raise UnsupportedSdp("the offer has no a=ice-ufrag")
    return found


def check_bundle(offer: SessionDescription) -> None:
    """Raises `UnsupportedSdp` unless all media sections can share one transport, with RTP and RTCP on one port."""
    used = [section for section in offer.sections if not section.disabled]
    if len(used) > 1 and not {section.mid for section in used} <= set(offer.bundle):
        raise UnsupportedSdp("a=group:BUNDLE must contain every media section: they share one transport")
    for section in used:
        if not section.rtcp_mux:
            raise UnsupportedSdp(f"media section {section.mid}: a=rtcp-mux is required")


def _setup(offer: SessionDescription) -> Setup:
    found: Setup = next((each.setup for each in _associations(offer) if each.setup), "actpass")
    if found not in _ANSWERS:
        raise UnsupportedSdp(f"a=setup:{found} cannot be answered")
    return found


def _associations(offer: SessionDescription) -> list[Association]:
    """The attributes of the transport: those of the BUNDLE's first section, before those of the session."""
    return [*(section.association for section in offer.sections if not section.disabled), offer.association]
