"""Garbage at the media port has no effect, and the node never answers with more bytes than it received."""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import socket

from aioice import stun

from support.caller import Caller
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import connected_pair

DATAGRAMS = 10_000
BURST = 100
LARGEST = 1_400


def garbage(generator: random.Random) -> bytes:
    """A random datagram whose first byte is that of STUN, DTLS, SRTP, SRTCP or none of them."""
    data = bytearray(generator.randbytes(generator.randrange(LARGEST)))
    if len(data) > 1:
        data[0] = generator.choice((0, 1, 20, 22, 63, 64, 128, 144, 191, 192, 255))
        data[1] = generator.choice((data[1], 96, 111, 200, 206))
    return bytes(data)


def stun_request(username: str, password: str, *, integrity: bool = True) -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = username
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = 1
    request.attributes["USE-CANDIDATE"] = None
    if integrity:
        request.add_message_integrity(password.encode())
    return bytes(request)


async def test_random_datagrams_do_not_disturb_a_call(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.url, call_id) as pair:
        consumer, source_id = pair.consumers["audio"], pair.producers["audio"]
        source = pair.alice.sources[source_id]
        before, sent_before = consumer.transport.streams[consumer.ssrc].packets, source.sent

        generator = random.Random(20_231)
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            for number in range(DATAGRAMS):
                stranger.sendto(garbage(generator), consumer.transport.link.address)
                if number % BURST == 0:
                    # The node has read what precedes this packet, so that its socket buffer does not overflow.
                    await consumer.wait_packets(1)
            await pair.alice.stop_sending(source_id)
            received = consumer.transport.streams[consumer.ssrc].packets - before
            await consumer.wait_packets(math.ceil(0.99 * (source.sent - sent_before)) - received)
            assert drain(stranger) == 0
        await wait_for_counts(installation, rooms=1, peers=2, producers=2, transports=2, consumers=2)
        assert pair.alice.events("transportClosed") == pair.bob.events("transportClosed") == []


async def test_garbage_from_a_clients_own_address_has_no_effect(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.url, call_id) as pair:
        generator = random.Random(7)
        for caller in (pair.alice, pair.bob):
            for transport in caller.transports.values():
                for number in range(500):
                    await transport.link._send(garbage(generator))
                    if number % BURST == 0:
                        await pair.consumers["audio"].wait_packets(1)
        await pair.wait_media()
        assert pair.alice.events("transportClosed") == pair.bob.events("transportClosed") == []


async def test_unauthenticated_stun_is_not_amplified(installation: Installation, call_id: str) -> None:
    async with Caller(installation.url) as alice:
        await alice.join(call_id)
        offer = await alice.call("createTransport", direction="send")
        address = (offer["iceCandidates"][0]["ip"], offer["iceCandidates"][0]["port"])
        fragment, password = offer["iceParameters"]["usernameFragment"], offer["iceParameters"]["password"]
        forgeries = [
            stun_request(f"{fragment}:x", "wrong password"),
            stun_request(f"{fragment}:x", "", integrity=False),
            stun_request("nobody:x", password),
            stun_request(f"x:{fragment}", password),
            stun_request(f"{fragment}:{'x' * 400}", "wrong password"),
        ]
        with socket.socket(type=socket.SOCK_DGRAM) as stranger, socket.socket(type=socket.SOCK_DGRAM) as friend:
            stranger.setblocking(False)
            for forgery in forgeries * 20:
                stranger.sendto(forgery, address)
            # An authenticated request is answered. By then the node has read everything that was sent before it.
            friend.setblocking(False)
            friend.sendto(stun_request(f"{fragment}:{secrets.token_hex(4)}", password), address)
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(friend, 2048), 20)
            assert stun.parse_message(answer).message_class is stun.Class.RESPONSE
            assert drain(stranger) <= sum(map(len, forgeries)) * 20


def drain(receiver: socket.socket) -> int:
    """The number of bytes received so far."""
    total = 0
    while True:
        try:
            total += len(receiver.recv(2048))
        except BlockingIOError:
            return total
