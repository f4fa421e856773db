"""One user's credential cannot use up the ports of the TURN server. ASVS 17.1.2."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint

from hubbub_contracts.socket.base import IceServer
from hubbub_signaling.domain.ice_servers import TurnServers
from support.coturn import Coturn

QUOTA_REACHED = 486
USER_QUOTA = 32
"""`user-quota` of `deploy/coturn/turnserver.conf`."""


async def allocate(stack: AsyncExitStack, coturn: Coturn, given: IceServer) -> None:
    """Holds an allocation until the stack closes. Raises TransactionFailed when it is refused."""
    transport, _ = await create_turn_endpoint(
        asyncio.DatagramProtocol, (coturn.address, coturn.port), given.username, given.credential
    )
    stack.push_async_callback(transport._close)


async def test_one_user_cannot_use_up_the_relay(tmp_path: Path) -> None:
    with Coturn(tmp_path / "coturn") as coturn:
        servers = TurnServers([], coturn.secret, ttl=600)
        async with AsyncExitStack() as stack:
            greedy = servers.credentials("greedy", now=time.time())
            for _ in range(USER_QUOTA):
                await allocate(stack, coturn, greedy)
            with pytest.raises(TransactionFailed) as refused:
                await allocate(stack, coturn, greedy)
            assert refused.value.response.error_code == QUOTA_REACHED
            await allocate(stack, coturn, servers.credentials("another", now=time.time()))
