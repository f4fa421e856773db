"""Checks from a thousand addresses: none is answered with more than it sent, and a transport remembers few of them.

Row 7 of docs/security.md.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
from collections.abc import Iterator

import pytest
from aioice import stun

from support.footprint import MIB, Footprint
from support.installation import Installation
from support.pair import connected_pair

BURST = 20
log = logging.getLogger(__name__)


def check_of(fragment: str, password: str, *, nominates: bool = True) -> bytes:
    """A connectivity check of a controlling agent (RFC 8445 section 7.2)."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{fragment}:{secrets.token_hex(2)}"
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = secrets.randbits(64)
    if nominates:
        request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(password.encode())
    return bytes(request)


@contextlib.contextmanager
def addresses(count: int) -> Iterator[list[socket.socket]]:
    """Sockets on different ports."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(count)]
        for one in opened:
            one.setblocking(False)
        yield opened


def drain(receiver: socket.socket) -> list[bytes]:
    """The datagrams received so far."""
    received = []
    with contextlib.suppress(BlockingIOError):
        while True:
            received.append(receiver.recv(2048))
    return received


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.long)])
async def test_many_addresses_of_one_transport(installation: Installation, call_id: str, count: int) -> None:
    (node,) = installation.nodes
    async with connected_pair(installation.url, call_id) as pair:
        # Mallory owns a transport and its password, and sends valid checks from every address.
        offer = await pair.bob.call("createTransport", direction="send")
        address = (offer["iceCandidates"][0]["ip"], offer["iceCandidates"][0]["port"])
        fragment, password = offer["iceParameters"]["usernameFragment"], offer["iceParameters"]["password"]
        before = Footprint.of(node.name, node.pid)
        sent = received = 0
        with addresses(count) as sockets:
            for number, one in enumerate(sockets):
                request = check_of(fragment, password)
                forged = check_of(fragment, "wrong" + password)
                for data in (request, forged):
                    one.sendto(data, address)
                    sent += len(data)
                if number % BURST == 0:
                    await pair.consumers["audio"].wait_packets(1)
            await pair.wait_media()
            answers = [drain(one) for one in sockets]
            received = sum(len(data) for each in answers for data in each)
            after = Footprint.of(node.name, node.pid)
            log.info(
                "%d addresses: %d bytes answered for %d, memory %+d KiB",
                *(count, received, sent, (after.resident - before.resident) >> 10),
            )
            assert 0 < received <= sent
            assert all(len(each) <= 1 for each in answers), "a check with bad integrity was answered"
            assert after.resident - before.resident < 4 * MIB
        assert pair.alice.events("transportClosed") == pair.bob.events("transportClosed") == []
