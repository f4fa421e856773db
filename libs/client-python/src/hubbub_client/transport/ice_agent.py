"""The client's ICE agent. The server is an ICE lite agent, so this side is controlling and sends all checks (RFC 8445).

aioice's own agent reaches neither a loopback address nor a TCP candidate, and cannot restart. This one uses its STUN
and TURN.

Rules
- Every UDP candidate is checked at once, a TCP candidate when UDP has not worked for a moment. The first path that
  answers is nominated; the others are closed.
- A path that stops answering checks is `disconnected` (RFC 7675) until it answers again, or ICE is restarted.
- Media is passed on from the call that read it. DTLS and SRTCP wait in a queue for the reader, as aiortc wants it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from aioice import stun

from hubbub_contracts.bus.transport import IceCandidate, IceParameters
from hubbub_contracts.socket.base import IceServer
from hubbub_rtp.udp_socket import Receive, UdpSocket

from .framed_connection import FramedConnection
from .path import Path
from .turn_relay import TurnRelay, TurnServer

IceState = Literal["new", "checking", "connected", "disconnected", "closed"]

CHECK_INTERVAL = 0.05
"""Seconds between checks until a path answers."""
CONSENT_INTERVAL = 1.0
CONSENT_TIMEOUT = 5.0
"""Seconds without an answer after which a path is disconnected. Browsers wait about as long."""
TCP_DELAY = 0.5
"""Seconds that UDP has before TCP is tried."""
_MAX_QUEUED = 512
_MAX_TRANSACTIONS = 64
_HOST_PRIORITY = 1_853_824_767
_INITIAL_ROUND_TRIP = 0.1


@dataclass(frozen=True, slots=True)
class _Check:
    """A connectivity check without an answer yet."""

    path: Path
    nominates: bool
    sent_at: float


class IceAgent:
    """One component. It is the ICE transport that aiortc's DTLS transport needs."""

    role: Final = "controlling"

    def __init__(
        self,
        remote: IceParameters,
        candidates: Sequence[IceCandidate],
        *,
        on_media: Receive,
        on_state: Callable[[], None] = lambda: None,
        ice_servers: Sequence[IceServer] = (),
        relay_only: bool = False,
    ) -> None:
        """`remote` and `candidates` are the server's. `on_media` gets SRTP; with `relay_only` all goes through TURN."""
        self.state: IceState = "new"
        self.round_trip = _INITIAL_ROUND_TRIP
        """Of the last check, in seconds."""
        self.sent = 0
        """Datagrams sent, without checks."""
        self._remote = remote
        self._candidates = candidates
        self._on_media = on_media
        self._on_state = on_state
        self._turn_servers = list(TurnServer.all_of(ice_servers)) if relay_only else []
        self._relay_only = relay_only
        self._has_one_path = False
        self._own_fragment = secrets.token_hex(4)
        self._tie_breaker = secrets.randbits(64)
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_QUEUED)
        self._paths: dict[Path, tuple[str, int]] = {}
        self._selected: Path | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._transactions: dict[bytes, _Check] = {}
        self._answered_at = 0.0
        self._connected = asyncio.Event()

    @property
    def address(self) -> tuple[str, int]:
        """The server's address on the selected path; before that, its first candidate's."""
        if self._selected is not None:
            return self._paths[self._selected]
        return self._candidates[0].address, self._candidates[0].port

    async def open(self, timeout: float = 15.0) -> None:
        """Waits until a path works. Raises TimeoutError."""
        self._set_state("checking")
        self._connected.clear()
        self._spawn(self._check())
        ways = self._ways()
        self._has_one_path = len(ways) == 1
        for open_path in ways:
            self._spawn(open_path)
        await asyncio.wait_for(self._connected.wait(), timeout)

    async def restart(
        self, remote: IceParameters, timeout: float = 15.0, *, ice_servers: Sequence[IceServer] = ()
    ) -> None:
        """Continues with new credentials of both servers on new paths (RFC 8445 section 9). Raises TimeoutError."""
        await self._stop()
        if self._relay_only:
            self._turn_servers = list(TurnServer.all_of(ice_servers))
        self._remote, self._own_fragment = remote, secrets.token_hex(4)
        await self.open(timeout)

    async def close(self) -> None:
        """Closes all paths. Pending and later reads and writes raise ConnectionError."""
        await self._stop()
        self._set_state("closed")
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    def send(self, data: bytes) -> None:
        """Sends a datagram; drops it while no path works. Raises ConnectionError when closed."""
        if self.state == "closed":
            raise ConnectionError("the transport is closed")
        if self._selected is not None:
            self._selected.send(data)
            self.sent += 1

    async def _send(self, data: bytes) -> None:
        self.send(data)

    async def _recv(self) -> bytes:
        data = await self._queue.get() if self.state != "closed" or not self._queue.empty() else None
        if data is None:
            raise ConnectionError("the transport is closed")
        return data

    def _ways(self) -> list[Coroutine[Any, Any, None]]:
        """One coroutine for each path that may work. It ends when the path is open, or cannot be opened."""
        ways: list[Coroutine[Any, Any, None]] = []
        has_udp = any(one.protocol == "udp" for one in self._candidates)
        for candidate in self._candidates:
            address = (candidate.address, candidate.port)
            if self._relay_only:
                if candidate.protocol == "udp":
                    ways += [self._open_relay(server, address) for server in self._turn_servers]
            elif candidate.protocol == "udp":
                ways.append(self._open_udp(address))
            else:
                ways.append(self._open_tcp(address, TCP_DELAY if has_udp else 0.0))
        return ways

    async def _open_udp(self, address: tuple[str, int]) -> None:
        self._add(await UdpSocket.open(address, self._receive), address)

    async def _open_tcp(self, address: tuple[str, int], delay: float) -> None:
        await asyncio.sleep(delay)
        if self._selected is None:
            self._add(await FramedConnection.open(address, self._receive), address)

    async def _open_relay(self, server: TurnServer, address: tuple[str, int]) -> None:
        self._add(await TurnRelay.open(server, address, self._receive), address)

    def _add(self, path: Path, address: tuple[str, int]) -> None:
        if self._selected is not None:
            path.close()
            return
        self._paths[path] = address
        self._send_check(path)

    async def _check(self) -> None:
        while True:
            if self._selected is None:
                for path in self._paths:
                    self._send_check(path)
            else:
                self._send_check(self._selected)
                if self._selected.is_closed or time.monotonic() - self._answered_at > CONSENT_TIMEOUT:
                    self._set_state("disconnected")
            await asyncio.sleep(CONSENT_INTERVAL if self.state in ("connected", "disconnected") else CHECK_INTERVAL)

    def _send_check(self, path: Path) -> None:
        """A connectivity check, which nominates the path if it is the only one (RFC 8445 section 7.2)."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote.username_fragment}:{self._own_fragment}"
        request.attributes["PRIORITY"] = _HOST_PRIORITY
        request.attributes["ICE-CONTROLLING"] = self._tie_breaker
        nominates = path is self._selected or self._has_one_path
        if nominates:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote.password.encode())
        while len(self._transactions) >= _MAX_TRANSACTIONS:
            del self._transactions[next(iter(self._transactions))]
        self._transactions[request.transaction_id] = _Check(path, nominates, time.monotonic())
        path.send(bytes(request))

    def _receive(self, data: bytes, arrived_at: float) -> None:
        """Tells STUN, DTLS, SRTP and SRTCP apart (RFC 7983, RFC 5761 section 4)."""
        if len(data) < 2:
            return
        if 128 <= data[0] < 192 and not 192 <= data[1] <= 223:
            self._on_media(data, arrived_at)
        elif data[0] > 3:
            with contextlib.suppress(asyncio.QueueFull):
                self._queue.put_nowait(data)
        else:
            self._receive_stun(data)

    def _receive_stun(self, data: bytes) -> None:
        try:
            answer = stun.parse_message(data)
            valid = answer.check_message_integrity(self._remote.password.encode())
        except Exception:  # noqa: BLE001  aioice raises struct.error, UnicodeDecodeError and others on malformed attributes
            return
        if not valid or answer.message_class is not stun.Class.RESPONSE:
            return
        check = self._transactions.pop(answer.transaction_id, None)
        if check is None or check.path not in self._paths:
            return
        self._answered_at = time.monotonic()
        self.round_trip = max(self._answered_at - check.sent_at, 0.001)
        if self._selected is None:
            self._select(check.path)
        if check.nominates:
            self._set_state("connected")
            self._connected.set()
        else:
            self._send_check(check.path)

    def _select(self, path: Path) -> None:
        self._selected = path
        for other in [one for one in self._paths if one is not path]:
            del self._paths[other]
            other.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a path that cannot be opened: `open` reports the timeout of all of them

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for path in self._paths:
            path.close()
        self._paths.clear()
        self._transactions.clear()
        self._selected = None

    def _set_state(self, state: IceState) -> None:
        if self.state != state:
            self.state = state
            self._on_state()
