"""Parses an offer. Attributes that WHIP and WHEP do not need are skipped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast, get_args

from .description import (
    Association,
    Codec,
    Direction,
    Fmtp,
    HeaderExtension,
    MediaSection,
    SessionDescription,
    Setup,
    Stream,
)
from .errors import InvalidSdp
from .lines import Block, split_blocks

MAX_NAME = 64
"""Characters of a MID or a RID."""
_MEDIA = re.compile(r"(\S+) ([0-9]{1,5})(?:/[0-9]+)? (\S+) (.+)", re.ASCII)
_RTPMAP = re.compile(r"([0-9]{1,3}) +([^\s/]+)/([0-9]{1,9})(?:/([0-9]{1,2}))?", re.ASCII)
_EXTMAP = re.compile(r"([0-9]{1,5})(?:/(sendrecv|sendonly|recvonly|inactive))? +(\S+)(?: .*)?", re.ASCII)
_SSRC = re.compile(r"([0-9]{1,10}) +([^\s:]+)(?::(.*))?", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+", re.ASCII)
_STATIC = {"0": ("PCMU", 8000), "8": ("PCMA", 8000), "9": ("G722", 8000)}
"""Payload types that need no `a=rtpmap` (RFC 3551, section 6)."""
_TEXT_PARAMETERS = frozenset({"profile-level-id", "sprop-parameter-sets"})
"""Codec parameters that are text even if they consist of digits."""
_MAX_PAYLOAD_TYPE = 127
_MAX_SSRC = 0xFFFF_FFFF


@dataclass
class _Section:
    """The attributes of a block, as they are read."""

    mid: str = ""
    direction: Direction = "sendrecv"
    flags: set[str] = field(default_factory=set)
    rtpmaps: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    fmtps: dict[int, dict[str, str | int]] = field(default_factory=dict)
    feedback: list[tuple[str, str, str]] = field(default_factory=list)
    """Payload type or `*`, type, parameter."""
    extensions: list[HeaderExtension] = field(default_factory=list)
    rids: list[str] = field(default_factory=list)
    simulcast: tuple[str, ...] = ()
    ssrcs: dict[int, dict[str, str]] = field(default_factory=dict)
    rtx_of: dict[int, int] = field(default_factory=dict)
    msid: str | None = None
    bundle: tuple[str, ...] = ()
    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    fingerprints: list[tuple[str, str]] = field(default_factory=list)
    setup: Setup | None = None

    @property
    def association(self) -> Association:
        """The ICE and DTLS attributes."""
        return Association(self.ice_ufrag, self.ice_pwd, tuple(self.fingerprints), self.setup)


def parse_offer(text: str) -> SessionDescription:
    """Parses an offer. Raises `InvalidSdp`."""
    session, *media = split_blocks(text)
    if not media:
        raise InvalidSdp("the description has no media section")
    common = _read(session)
    sections = tuple(_media_section(block, index) for index, block in enumerate(media))
    mids = [section.mid for section in sections]
    if len(set(mids)) < len(mids):
        raise InvalidSdp("two media sections have the same mid")
    if not set(common.bundle) <= set(mids):
        raise InvalidSdp("a=group:BUNDLE names a mid that no media section has")
    return SessionDescription(sections, common.bundle, "extmap-allow-mixed" in common.flags, common.association)


def _media_section(block: Block, index: int) -> MediaSection:
    match = _MEDIA.fullmatch(block.media or "")
    if match is None:
        raise InvalidSdp(f"media section {index}: not an m= line")
    kind, port, protocol, formats = match.groups()
    read = _read(block)
    return MediaSection(
        kind=kind,
        protocol=protocol,
        mid=read.mid or str(index),
        direction=read.direction,
        disabled=int(port) == 0 and "bundle-only" not in read.flags,
        rtcp_mux=bool({"rtcp-mux", "rtcp-mux-only"} & read.flags),
        rtcp_rsize="rtcp-rsize" in read.flags,
        codecs=_codecs(read, formats.split()) if kind in ("audio", "video") else (),
        extensions=tuple(read.extensions),
        rids=tuple(rid for rid in read.simulcast if rid in read.rids),
        streams=_streams(read),
        cname=next((each["cname"] for each in read.ssrcs.values() if "cname" in each), None),
        msid=read.msid or next((each["msid"] for each in read.ssrcs.values() if "msid" in each), None),
        association=read.association,
    )


def _codecs(read: _Section, formats: list[str]) -> tuple[Codec, ...]:
    codecs = []
    for text in dict.fromkeys(formats):
        payload_type = _number(text, _MAX_PAYLOAD_TYPE, "a payload type")
        found = read.rtpmaps.get(payload_type)
        if found is None:
            if text not in _STATIC:
                continue
            found = (*_STATIC[text], 1)
        name, clock_rate, channels = found
        codecs.append(
            Codec(
                payload_type=payload_type,
                name=name,
                clock_rate=clock_rate,
                channels=channels,
                parameters=read.fmtps.get(payload_type, {}),
                feedback=tuple(
                    (kind, parameter)
                    for target, kind, parameter in dict.fromkeys(read.feedback)
                    if target in (text, "*")
                ),
            )
        )
    return tuple(codecs)


def _streams(read: _Section) -> tuple[Stream, ...]:
    repairs = set(read.rtx_of.values())
    return tuple(Stream(ssrc, read.rtx_of.get(ssrc)) for ssrc in read.ssrcs | read.rtx_of if ssrc not in repairs)


def _read(block: Block) -> _Section:
    section = _Section()
    for name, value in block.attributes:
        reader = _READERS.get(name)
        if reader is not None:
            try:
                reader(section, value)
            except InvalidSdp as error:
                raise InvalidSdp(f"a={name}: {error}") from error
        elif name in get_args(Direction):
            section.direction = cast("Direction", name)
        elif not value:
            section.flags.add(name)
    return section


def _read_mid(section: _Section, value: str) -> None:
    section.mid = _token(value)


def _read_rtpmap(section: _Section, value: str) -> None:
    match = _RTPMAP.fullmatch(value)
    if match is None:
        raise InvalidSdp("not a payload type, a codec and a clock rate")
    payload_type = _number(match[1], _MAX_PAYLOAD_TYPE, "the payload type")
    section.rtpmaps[payload_type] = (match[2], int(match[3]), int(match[4] or 1))


def _read_fmtp(section: _Section, value: str) -> None:
    target, _, text = value.partition(" ")
    section.fmtps[_number(target, _MAX_PAYLOAD_TYPE, "the payload type")] = parse_fmtp(text)


def parse_fmtp(text: str) -> dict[str, str | int]:
    """The parameters of an `a=fmtp`: numbers where they are numbers."""
    parameters: dict[str, str | int] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, separator, value = part.partition("=")
        if not separator:
            name, value = "", part
        is_number = value.isascii() and value.isdigit() and len(value) < 10 and name not in _TEXT_PARAMETERS
        parameters[name] = int(value) if is_number and separator else value
    return parameters


def _read_feedback(section: _Section, value: str) -> None:
    target, _, rest = value.partition(" ")
    kind, _, parameter = rest.strip().partition(" ")
    section.feedback.append((target, kind, parameter))


def _read_extmap(section: _Section, value: str) -> None:
    match = _EXTMAP.fullmatch(value)
    if match is None:
        raise InvalidSdp("not an id and a URI")
    number, direction, uri = match.groups()
    # RFC 8285, section 5: 4096 and more are no ids yet.
    if 1 <= int(number) <= 255:
        section.extensions.append(HeaderExtension(int(number), uri, cast("Direction", direction or "sendrecv")))


def _read_rid(section: _Section, value: str) -> None:
    rid, _, rest = value.partition(" ")
    if rest.split(" ")[0] == "send":
        section.rids.append(_token(rid))


def _read_simulcast(section: _Section, value: str) -> None:
    words = value.split()
    if "send" in words[:-1]:
        # Of alternatives, the first one is the preferred one; `~` marks encodings that start paused (RFC 8853).
        encodings = words[words.index("send") + 1].split(";")
        section.simulcast = tuple(dict.fromkeys(each.split(",")[0].removeprefix("~") for each in encodings))


def _read_ssrc(section: _Section, value: str) -> None:
    match = _SSRC.fullmatch(value)
    if match is None:
        raise InvalidSdp("not an SSRC and an attribute")
    ssrc = _number(match[1], _MAX_SSRC, "the SSRC")
    section.ssrcs.setdefault(ssrc, {})[match[2]] = match[3] or ""


def _read_ssrc_group(section: _Section, value: str) -> None:
    match value.split():
        case ["FID", media, repair]:
            section.rtx_of[_number(media, _MAX_SSRC, "an SSRC")] = _number(repair, _MAX_SSRC, "an SSRC")


def _read_msid(section: _Section, value: str) -> None:
    section.msid = value


def _read_group(section: _Section, value: str) -> None:
    match value.split():
        case ["BUNDLE", *mids] if not section.bundle:
            section.bundle = tuple(mids)


def _read_ufrag(section: _Section, value: str) -> None:
    section.ice_ufrag = value


def _read_pwd(section: _Section, value: str) -> None:
    section.ice_pwd = value


def _read_fingerprint(section: _Section, value: str) -> None:
    algorithm, _, digest = value.partition(" ")
    section.fingerprints.append((algorithm.lower(), digest.strip()))


def _read_setup(section: _Section, value: str) -> None:
    if value not in get_args(Setup):
        raise InvalidSdp("not one of " + ", ".join(get_args(Setup)))
    section.setup = cast("Setup", value)


_READERS: Mapping[str, Callable[[_Section, str], None]] = {
    "mid": _read_mid,
    "rtpmap": _read_rtpmap,
    "fmtp": _read_fmtp,
    "rtcp-fb": _read_feedback,
    "extmap": _read_extmap,
    "rid": _read_rid,
    "simulcast": _read_simulcast,
    "ssrc": _read_ssrc,
    "ssrc-group": _read_ssrc_group,
    "msid": _read_msid,
    "group": _read_group,
    "ice-ufrag": _read_ufrag,
    "ice-pwd": _read_pwd,
    "fingerprint": _read_fingerprint,
    "setup": _read_setup,
}


def _token(value: str) -> str:
    if len(value) > MAX_NAME or not _TOKEN.fullmatch(value):
        raise InvalidSdp(f"not a name of at most {MAX_NAME} characters")
    return value


def _number(text: str, highest: int, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > highest:
        raise InvalidSdp(f"{what} is not a number up to {highest}")
    return int(text)


def fmtp_text(parameters: Fmtp) -> str:
    """The parameters as an `a=fmtp` writes them."""
    return ";".join(f"{name}={value}" if name else str(value) for name, value in parameters.items())
