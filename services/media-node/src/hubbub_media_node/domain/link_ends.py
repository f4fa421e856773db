"""The ends of links between nodes: addresses, and the secrets that both ends derive.

Each end makes an X25519 key pair (RFC 7748) for one link and tells the other its public key. HKDF-SHA256 (RFC 5869)
makes the secrets of each direction from what the two have in common. So no message has a secret: every media node may
read those of the others.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hubbub_contracts.bus.pipe import LinkEnd
from hubbub_contracts.errors import ErrorCode, HubbubError
from hubbub_media_core.commands import SetSrtpKeys, SrtpProfile
from hubbub_media_core.specs import IceCredentials, NodeLink

from .media_addresses import socket_address

_PROFILE: Final[SrtpProfile] = "SRTP_AEAD_AES_256_GCM"
_KEY_LENGTH: Final = 44
"""Master key and master salt, bytes (RFC 7714 section 12)."""
_PASSWORD_LENGTH: Final = 16
"""Bytes, of which each becomes two characters (RFC 8445 section 5.3 wants 128 bits)."""
_PUBLIC_KEY_LENGTH: Final = 32
"""Bytes (RFC 7748 section 5)."""
_CONTEXT: Final = b"hubbub link between nodes, version 1"


@dataclass(frozen=True, slots=True)
class OwnEnd:
    """An end of a link on this node."""

    described: LinkEnd
    """What the other node learns of it."""
    private_key: X25519PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class _Secrets:
    """Of one direction."""

    srtp_key: bytes
    password: str
    """Of the ICE credentials of the end that sends."""


@dataclass(frozen=True, slots=True, repr=False)
class AgreedLink:
    """A link whose two ends know each other."""

    addresses: NodeLink
    """The addresses and the ICE credentials, as the core here is told about them."""
    outbound: bytes
    """The SRTP key of what is sent here."""
    inbound: bytes
    """The SRTP key of what the other end sends."""

    def srtp_keys(self, transport: int) -> SetSrtpKeys:
        """The keys of the transport that is this end."""
        return SetSrtpKeys(transport=transport, profile=_PROFILE, outbound=self.outbound, inbound=self.inbound)


def new_end(ip: str, port: int) -> OwnEnd:
    """An end of a link with a fresh key pair. Another link, also between the same routers, has others."""
    private_key = X25519PrivateKey.generate()
    described = LinkEnd(
        ip=ip,
        port=port,
        username_fragment=secrets.token_hex(16),
        public_key=base64.b64encode(private_key.public_key().public_bytes_raw()).decode(),
    )
    return OwnEnd(described, private_key)


def agree(link_id: str, ours: OwnEnd, theirs: LinkEnd) -> AgreedLink:
    """The link between two ends. The other node comes to the same secrets. Raises `invalid_argument`."""
    own, other = ours.private_key.public_key().public_bytes_raw(), _public_key(theirs)
    if own == other:
        # Both directions would have the same key, and GCM would repeat a nonce.
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "publicKey: the key of the other end")
    try:
        shared = ours.private_key.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:  # a point of low order (RFC 7748 section 6.1)
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "publicKey: not a public key") from None
    outbound, inbound = _derive(shared, link_id, own, other), _derive(shared, link_id, other, own)
    return AgreedLink(
        addresses=NodeLink(
            ice=IceCredentials(ufrag=ours.described.username_fragment, pwd=outbound.password),
            remote_ice=IceCredentials(ufrag=theirs.username_fragment, pwd=inbound.password),
            remote=socket_address(theirs),
        ),
        outbound=outbound.srtp_key,
        inbound=inbound.srtp_key,
    )


def _derive(shared: bytes, link_id: str, sender: bytes, receiver: bytes) -> _Secrets:
    """The secrets of the direction between two public keys."""
    info = b"\0".join((_CONTEXT, link_id.encode(), sender + receiver))
    derived = HKDF(SHA256(), _KEY_LENGTH + _PASSWORD_LENGTH, salt=None, info=info).derive(shared)
    return _Secrets(derived[:_KEY_LENGTH], derived[_KEY_LENGTH:].hex())


def _public_key(end: LinkEnd) -> bytes:
    try:
        key = base64.b64decode(end.public_key, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _PUBLIC_KEY_LENGTH:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, f"publicKey: not {_PUBLIC_KEY_LENGTH} bytes in base64")
    return key
