"""A minimal STUN client."""

import asyncio
import hashlib
import hmac
import os
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from hubbub_media_core.specs import IceCredentials

_MAGIC_COOKIE = 0x2112A442
_BINDING_REQUEST = 0x0001
_USERNAME, _MESSAGE_INTEGRITY, _PRIORITY = 0x0006, 0x0008, 0x0024
_USE_CANDIDATE, _FINGERPRINT, _ICE_CONTROLLING = 0x0025, 0x8028, 0x802A


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _message(transaction: bytes, body: bytes, more: int) -> bytes:
    """A message whose length counts `more` further bytes of attributes (RFC 8489 section 14.5)."""
    return struct.pack("!HHI", _BINDING_REQUEST, len(body) + more, _MAGIC_COOKIE) + transaction + body


def build_binding_request(ice: IceCredentials) -> bytes:
    """A Binding request of a controlling client with USE-CANDIDATE (RFC 8445 section 7.2.4)."""
    transaction = os.urandom(12)
    body = _attribute(_USERNAME, f"{ice.ufrag}:client".encode())
    body += _attribute(_PRIORITY, struct.pack("!I", 1_853_824_767))
    body += _attribute(_ICE_CONTROLLING, bytes(8)) + _attribute(_USE_CANDIDATE, b"")
    digest = hmac.new(ice.pwd.encode(), _message(transaction, body, 24), hashlib.sha1).digest()
    body += _attribute(_MESSAGE_INTEGRITY, digest)
    checksum = zlib.crc32(_message(transaction, body, 8)) ^ 0x5354554E
    body += _attribute(_FINGERPRINT, struct.pack("!I", checksum))
    return _message(transaction, body, 0)


@pytest.fixture
def binding_request() -> Callable[[IceCredentials], bytes]:
    return build_binding_request


@pytest_asyncio.fixture
async def exchange() -> AsyncIterator[Callable[[tuple[str, int], bytes], "asyncio.Future[bytes]"]]:
    """Returns a function that sends a datagram, always from the same socket, and returns the next datagram received."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.setblocking(False)

        async def receive() -> bytes:
            async with asyncio.timeout(20):
                return await loop.sock_recv(client, 2048)

        def send(to: tuple[str, int], datagram: bytes) -> asyncio.Future[bytes]:
            client.sendto(datagram, to)
            return asyncio.ensure_future(receive())

        yield send
