"""SDP as lines: the only place that bounds the text (RFC 8866, section 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import InvalidSdp

MAX_BYTES = 64 * 1024
"""An offer of Chromium with ten sections of video has about 50 KiB."""
MAX_SECTIONS = 32
MAX_LINES = 2_000
MAX_LINE = 4_096

_LINE = re.compile(r"([a-z])=(.*)")


@dataclass(frozen=True, slots=True)
class Block:
    """The session's lines, or an `m=` line and the lines after it."""

    media: str | None = None
    """The value of the `m=` line; None: the session's lines."""
    attributes: list[tuple[str, str]] = field(default_factory=list)
    """Name and value of each `a=` line; the value is empty without one."""


def split_blocks(text: str, *, first_line: str | None = "v=0") -> list[Block]:
    """Splits SDP into the session's block and one for each media section. Raises `InvalidSdp`.

    Lines other than `m=` and `a=` are checked for their form only: nothing of them is used. `first_line` must come
    first; None for a fragment, which has no such line.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InvalidSdp(f"the description has more than {MAX_BYTES} bytes")
    lines = text.removesuffix("\n").removesuffix("\r").split("\n")
    if len(lines) > MAX_LINES:
        raise InvalidSdp(f"the description has more than {MAX_LINES} lines")
    blocks = [Block()]
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix("\r")
        match = _LINE.fullmatch(line) if len(line) <= MAX_LINE and line.isprintable() else None
        if match is None or (number == 1 and first_line not in (None, line)):
            raise InvalidSdp(f"line {number}: not a line of SDP")
        name, value = match.groups()
        if name == "m":
            if len(blocks) > MAX_SECTIONS:
                raise InvalidSdp(f"line {number}: more than {MAX_SECTIONS} media sections")
            blocks.append(Block(value))
        elif name == "a":
            attribute, _, parameter = value.partition(":")
            blocks[-1].attributes.append((attribute, parameter))
    return blocks
