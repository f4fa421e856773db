"""The ends of links between nodes: addresses, ICE credentials and SRTP keys."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from typing import Final

from hubbub_contracts.bus.pipe import LinkEnd
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core.commands import SetSrtpKeys, SrtpProfile
from hubbub_media_core.specs import IceCredentials, NodeLink

_PROFILE: Final[SrtpProfile] = "SRTP_AEAD_AES_256_GCM"
_KEY_LENGTH: Final = 44
"""Master key and master salt, bytes (RFC 7714 section 12)."""


def new_end(ip: str, port: int) -> LinkEnd:
    """An end of a link with fresh secrets. Another link, also between the same routers, has others."""
    return LinkEnd(
        ip=ip,
        port=port,
        username_fragment=secrets.token_hex(16),
        password=secrets.token_hex(16),
        srtp_key=base64.b64encode(secrets.token_bytes(_KEY_LENGTH)).decode(),
    )


def link_between(ours: LinkEnd, theirs: LinkEnd) -> NodeLink:
    """The link, as the core here is told about it. Raises `invalid_argument`."""
    return NodeLink(ice=_ice(ours), remote_ice=_ice(theirs), remote=_socket_address(theirs))


def srtp_keys(transport: int, ours: LinkEnd, theirs: LinkEnd) -> SetSrtpKeys:
    """The keys of both directions. Raises `invalid_argument`."""
    return SetSrtpKeys(transport=transport, profile=_PROFILE, outbound=_key(ours), inbound=_key(theirs))


def _ice(end: LinkEnd) -> IceCredentials:
    return IceCredentials(ufrag=end.username_fragment, pwd=end.password)


def _socket_address(end: LinkEnd) -> str:
    try:
        address = ipaddress.ip_address(end.ip)
    except ValueError:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip: not an IP address") from None
    if address.is_unspecified or address.is_multicast:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "ip: not the address of one host")
    return f"[{address}]:{end.port}" if address.version == 6 else f"{address}:{end.port}"


def _key(end: LinkEnd) -> bytes:
    try:
        key = base64.b64decode(end.srtp_key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_LENGTH:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"srtpKey: not {_KEY_LENGTH} bytes in base64")
    return key
