"""The two transports of a call: created when they are first needed, restarted when their path is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from hubbub_contracts.socket.transport import CloseTransport, ConnectTransport, CreateTransport, RestartIce
from hubbub_contracts.types import Direction

from .errors import CallError
from .signaling import Signaling
from .transport.rtp_transport import RtpTransport

ICE_RESTART_INTERVAL = 3.0
OPEN_TIMEOUT = 15.0


class TransportListener(Protocol):
    """What the transports report to."""

    def transport_disrupted(self) -> None:
        """A transport lost its network path."""
        ...

    def transport_recovered(self) -> None:
        """A transport has its path again."""
        ...

    def transport_lost(self, transport_id: str) -> None:
        """The server no longer has a transport."""
        ...


class Transports:
    """At most one transport of each direction, connected."""

    def __init__(
        self,
        signaling: Signaling,
        listener: TransportListener,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        close_on_server: Callable[[CloseTransport], None],
        is_active: Callable[[], bool],
    ) -> None:
        """`spawn` runs work in the background; `is_active` tells whether requests can be sent."""
        self._signaling = signaling
        self._listener = listener
        self._spawn = spawn
        self._close_on_server = close_on_server
        self._is_active = is_active
        self._open: dict[Direction, RtpTransport] = {}
        self._restarting: set[str] = set()

    @property
    def are_connected(self) -> bool:
        """Whether no transport in use is disrupted."""
        return all(one.connection_state == "connected" for one in self._open.values())

    @property
    def ids(self) -> dict[Direction, str]:
        """The server's ids."""
        return {direction: one.id for direction, one in self._open.items()}

    def existing(self, direction: Direction) -> RtpTransport | None:
        """The transport of this direction, if there is one."""
        return self._open.get(direction)

    async def get(self, direction: Direction) -> RtpTransport:
        """The transport of this direction, which is created and connected if need be. Raises CallError."""
        existing = self._open.get(direction)
        if existing is not None:
            return existing
        offer = await self._signaling.request(CreateTransport(direction=direction))
        transport = RtpTransport(
            offer.id,
            offer.ice_parameters,
            offer.ice_candidates,
            offer.dtls_parameters,
            ice_servers=offer.ice_servers,
            relay_only=offer.ice_transport_policy == "relay",
        )
        try:
            await self._signaling.request(
                ConnectTransport(transport_id=offer.id, dtls_parameters=transport.local_dtls_parameters)
            )
            await transport.open(OPEN_TIMEOUT)
        except BaseException as error:
            # The server accepts `connectTransport` once, and may have processed it: only a new transport is safe.
            self._spawn(transport.close())
            self._close_on_server(CloseTransport(transport_id=offer.id))
            if isinstance(error, TimeoutError | ConnectionError):
                raise CallError("unreachable", "The media server does not answer.", retryable=True) from error
            raise
        self._open[direction] = transport
        transport.on_state = lambda: self._state_changed(transport)
        return transport

    def drop(self, direction: Direction) -> None:
        """Closes a transport locally."""
        transport = self._open.pop(direction, None)
        if transport is not None:
            transport.on_state = lambda: None
            self._spawn(transport.close())

    def _state_changed(self, transport: RtpTransport) -> None:
        if transport.connection_state == "disconnected":
            self._listener.transport_disrupted()
            if transport.id not in self._restarting:
                self._spawn(self._restart_ice(transport))
        else:
            self._listener.transport_recovered()

    async def _restart_ice(self, transport: RtpTransport) -> None:
        """Restarts ICE (RFC 8445 section 9) until the transport is connected or the server has closed it."""
        self._restarting.add(transport.id)
        try:
            while transport in self._open.values() and transport.connection_state == "disconnected":
                if self._is_active():
                    try:
                        restarted = await self._signaling.request(RestartIce(transport_id=transport.id))
                        await transport.link.restart(
                            restarted.ice_parameters, ICE_RESTART_INTERVAL, ice_servers=restarted.ice_servers
                        )
                    except TimeoutError:
                        continue
                    except CallError as error:
                        if error.code == "not_found":
                            self._listener.transport_lost(transport.id)
                            return
                await asyncio.sleep(ICE_RESTART_INTERVAL)
        finally:
            self._restarting.discard(transport.id)
