"""The body of a PATCH: `application/trickle-ice-sdpfrag` (RFC 8840, section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hubbub_contracts.bus.transport import IceCandidate, IceParameters

from .answer import ice_lines
from .errors import InvalidSdp
from .lines import split_blocks


@dataclass(frozen=True, slots=True)
class IceFragment:
    """What a client says of its ICE agent. Its candidates are not read: the server is an ICE lite agent, which sends
    checks to nobody and learns each address from the client's own checks (RFC 8445, section 2.5)."""

    ice_ufrag: str
    """The username fragment, which tells one ICE session of the client from the next."""
    media: str | None
    """The value of the first `m=` line, for the answer."""
    mid: str | None


def parse_fragment(text: str) -> IceFragment:
    """Parses a fragment. Raises `InvalidSdp`."""
    blocks = split_blocks(text, first_line=None)
    attributes = [each for block in blocks for each in block.attributes]
    ufrag = next((value for name, value in attributes if name == "ice-ufrag"), "")
    if not ufrag:
        raise InvalidSdp("the fragment has no a=ice-ufrag")
    media = blocks[1] if len(blocks) > 1 else None
    mid = next((value for name, value in media.attributes if name == "mid"), None) if media else None
    return IceFragment(ufrag, media.media if media else None, mid)


def write_fragment(fragment: IceFragment, ice: IceParameters, candidates: Iterable[IceCandidate]) -> str:
    """The answer to a fragment that restarted ICE (RFC 9725, section 4.3.3)."""
    lines = ["a=ice-lite"]
    if fragment.media is not None:
        lines.append(f"m={fragment.media}")
    if fragment.mid is not None:
        lines.append(f"a=mid:{fragment.mid}")
    return "".join(f"{line}\r\n" for line in [*lines, *ice_lines(ice, candidates)])
