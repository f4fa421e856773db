"""Codecs and header extensions: those of a media section as JSON of ORTC, and what both sides support."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hubbub_ortc import InvalidParameters
from hubbub_ortc.codec_match import codecs_match
from hubbub_ortc.header_extensions import TRANSPORT_WIDE_CC
from hubbub_ortc.types import RtpCapabilities

from .description import Codec, HeaderExtension, MediaSection
from .parse import fmtp_text

_NOT_MEDIA = frozenset({"rtx", "red", "ulpfec", "flexfec-03", "cn", "telephone-event"})
"""Names of formats that carry no media of their own."""
_H264_PROFILE = "profile-level-id"
_BASELINE, _CONSTRAINED_BASELINE = "4200", "42e0"
_FROM_CLIENT = frozenset({"sendrecv", "recvonly"})
"""Directions of the router's header extensions that it receives."""
_TO_CLIENT = frozenset({"sendrecv", "sendonly"})


def first_common_codec(section: MediaSection, router: RtpCapabilities) -> list[Codec]:
    """The client's first codec that the router supports, followed by its RTX; empty when there is none.

    One codec: the client would be free to switch between several, while each consumer was negotiated for one.
    """
    return next(_common_codecs(section, router), [])


def all_common_codecs(section: MediaSection, router: RtpCapabilities) -> list[Codec]:
    """The client's codecs that the router supports, each followed by its RTX."""
    return [codec for codecs in _common_codecs(section, router) for codec in codecs]


def _common_codecs(section: MediaSection, router: RtpCapabilities) -> Iterator[list[Codec]]:
    """Each common codec with its RTX. The feedback is what both sides support."""
    for codec in section.codecs:
        match = _find(codec, section.kind, router)
        if match is None:
            continue
        common = {(entry["type"], entry.get("parameter", "")) for entry in match.get("rtcpFeedback", [])}
        feedback = tuple(each for each in codec.feedback if each in common)
        repair = [each for each in section.codecs if _is_rtx_of(each, codec)][:1]
        yield [replace(codec, feedback=feedback), *repair]


def common_extensions(
    section: MediaSection, router: RtpCapabilities, *, to_client: bool = False
) -> list[HeaderExtension]:
    """The header extensions that the router receives, or sends with `to_client`, with the client's ids."""
    directions, client = (_TO_CLIENT, "sendonly") if to_client else (_FROM_CLIENT, "recvonly")
    uris = {
        each["uri"]
        for each in router["headerExtensions"]
        if each["kind"] == section.kind and each["direction"] in directions
    }
    found = {each.uri: each for each in section.extensions if each.uri in uris and each.direction != client}
    return list(found.values())


def without_unused_feedback(codecs: Iterable[Codec], extensions: Sequence[HeaderExtension]) -> list[Codec]:
    """Keeps one method of bandwidth estimation: transport-cc with its header extension, else REMB."""
    dropped = ("goog-remb" if any(each.uri == TRANSPORT_WIDE_CC for each in extensions) else "transport-cc", "")
    return [replace(codec, feedback=tuple(each for each in codec.feedback if each != dropped)) for codec in codecs]


def as_json(codec: Codec, kind: str) -> dict[str, Any]:
    """The codec as ORTC has it, without its payload type.

    H264 baseline becomes constrained baseline: FFmpeg declares `42 00 xx` for streams that use nothing more, and no
    browser decodes more.
    """
    parameters = dict(codec.parameters)
    profile = parameters.get(_H264_PROFILE)
    if codec.name.lower() == "h264" and isinstance(profile, str) and profile.lower().startswith(_BASELINE):
        parameters[_H264_PROFILE] = _CONSTRAINED_BASELINE + profile[len(_BASELINE) :]
    described: dict[str, Any] = {
        "mimeType": f"{kind}/{codec.name}",
        "clockRate": codec.clock_rate,
        "parameters": parameters,
        "rtcpFeedback": [{"type": kind_, "parameter": parameter} for kind_, parameter in codec.feedback],
    }
    if kind == "audio":
        described["channels"] = codec.channels
    return described


def describe(section: MediaSection) -> str:
    """The media codecs of a section, for an error message."""
    media = [each for each in section.codecs if each.name.lower() not in _NOT_MEDIA]
    named = [f"{each.name} {fmtp_text(each.parameters)}".strip()[:128] for each in media[:4]]
    return ", ".join(named) or "no codec"


def _find(codec: Codec, kind: str, router: RtpCapabilities) -> dict[str, Any] | None:
    if codec.name.lower() in _NOT_MEDIA:
        return None
    own = as_json(codec, kind)
    for candidate in router["codecs"]:
        try:
            if codecs_match(dict(candidate), own, strict=True):
                return dict(candidate)
        except InvalidParameters:
            return None
    return None


def _is_rtx_of(codec: Codec, media: Codec) -> bool:
    return codec.name.lower() == "rtx" and codec.parameters.get("apt") == media.payload_type
