"""What a join costs the signaling instance that tells everybody of it.

    python tests/load/bench_presence.py [PRESENT]

PRESENT clients (200) without media are in a room of one instance. Then others join, and everybody present gets
`peerJoined`.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.client_socket import ClientSocket
from support.footprint import cpu_seconds
from support.installation import ONE_ADDRESS, Installation

PRESENT = 200
JOINS = 20
ENVIRONMENT = {**ONE_ADDRESS, "MAX_CONNECTIONS_PER_ADDRESS": "10000", "MAX_PEERS_PER_ROOM": "2000"}


async def join(stack: AsyncExitStack, url: str, number: int) -> ClientSocket:
    """A client in the room."""
    socket = await stack.enter_async_context(ClientSocket(url))
    await socket.call("createRoom", callId="room")
    await socket.call("joinRoom", callId="room", userId=f"user {number}", rtpCapabilities={})
    return socket


async def cost(url: str, pid: int, present: int) -> float:
    """Seconds of the instance's CPU for each join."""
    async with AsyncExitStack() as stack:
        audience = [await join(stack, url, number) for number in range(present)]
        before = cpu_seconds(pid)
        for number in range(JOINS):
            await join(stack, url, present + number)
        for socket in audience:
            await socket.event("peerJoined", userId=f"user {present + JOINS - 1}")
        return (cpu_seconds(pid) - before) / JOINS


async def measure(installation: Installation, present: int) -> None:
    """Prints the cost without and with an audience."""
    url, pid = installation.url, installation.signaling[0].pid
    alone = await cost(url, pid, 1)
    together = await cost(url, pid, present)
    print(f"a join: {alone * 1e3:.1f} ms of signaling's CPU alone, {together * 1e3:.1f} ms with {present} present")
    print(f"a peerJoined: {(together - alone) / (present - 1) * 1e6:.0f} microseconds for each of them")


def main() -> None:
    """Starts an installation and measures it."""
    present = int(sys.argv[1]) if len(sys.argv) > 1 else PRESENT
    with Installation(environment=ENVIRONMENT) as installation:
        asyncio.run(measure(installation, present))


if __name__ == "__main__":
    main()
