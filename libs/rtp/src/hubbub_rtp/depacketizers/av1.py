"""AV1 (RTP Payload Format For AV1, version 1.0): OBU elements to a temporal unit in low-overhead format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .depacketizer import Fragment

_CONTINUES_FIRST, _CONTINUED_LAST, _NEW_SEQUENCE = 0x80, 0x40, 0x08
_HAS_SIZE, _HAS_EXTENSION = 0x02, 0x04
_TEMPORAL_DELIMITER, _TILE_LIST, _PADDING = 2, 8, 15
_DELIMITER_OBU = b"\x12\x00"
_MAX_LEB128_OCTETS = 8


class Av1Depacketizer:
    """Implements `Depacketizer`. The data of a fragment is the whole payload: OBUs may span packets."""

    def parse(self, payload: bytes) -> Fragment:
        """Checks that the OBU elements are complete."""
        header = payload[0]
        if header & _NEW_SEQUENCE and header & _CONTINUES_FIRST:
            raise ValueError("an AV1 packet that starts a coded sequence continues an OBU")
        for _ in _elements(payload):
            pass
        return Fragment(payload, starts_key_frame=bool(header & _NEW_SEQUENCE))

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """The temporal unit: a temporal delimiter and the OBUs, each with its size."""
        obus: list[bytearray] = []
        continued = False
        for payload in fragments:
            continues = bool(payload[0] & _CONTINUES_FIRST)
            if continues != continued:
                raise ValueError("a fragment of an AV1 OBU is missing")
            for index, element in enumerate(_elements(payload)):
                if index == 0 and continues:
                    obus[-1] += element
                else:
                    obus.append(bytearray(element))
            continued = bool(payload[0] & _CONTINUED_LAST)
        if continued:
            raise ValueError("the AV1 temporal unit ends inside an OBU")
        return _DELIMITER_OBU + b"".join(_with_size(bytes(obu)) for obu in obus if obu)


def _elements(payload: bytes) -> Iterator[bytes]:
    """The OBU elements of a packet. The last one has no length when W is not 0. Raises ValueError."""
    count = payload[0] >> 4 & 0x03
    at, index = 1, 0
    while at < len(payload):
        index += 1
        if index == count:
            length = len(payload) - at
        else:
            length, at = _read_leb128(payload, at)
        if at + length > len(payload):
            raise ValueError("an AV1 OBU element exceeds the packet")
        yield payload[at : at + length]
        at += length
    if index == 0 or index < count:
        raise ValueError("AV1 OBU elements are missing")


def _with_size(obu: bytes) -> bytes:
    """The OBU with `obu_size`; nothing for one that a temporal unit from RTP must not contain."""
    header = obu[0]
    if header >> 3 & 0x0F in (_TEMPORAL_DELIMITER, _TILE_LIST, _PADDING):
        return b""
    if header & _HAS_SIZE:
        return obu
    octets = 2 if header & _HAS_EXTENSION else 1
    if len(obu) < octets:
        raise ValueError("an AV1 OBU is shorter than its header")
    return bytes([header | _HAS_SIZE]) + obu[1:octets] + _write_leb128(len(obu) - octets) + obu[octets:]


def _read_leb128(data: bytes, at: int) -> tuple[int, int]:
    """A number and the position behind it."""
    value = 0
    for index in range(_MAX_LEB128_OCTETS):
        if at + index >= len(data):
            break
        octet = data[at + index]
        value |= (octet & 0x7F) << 7 * index
        if not octet & 0x80:
            return value, at + index + 1
    raise ValueError("an AV1 length is malformed")


def _write_leb128(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)
