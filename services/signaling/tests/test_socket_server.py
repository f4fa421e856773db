"""The state that the Socket.IO server keeps for a connection."""

from __future__ import annotations

import pytest
import socketio

from hubbub_signaling.adapters.forwarded import ForwardedHeaders
from hubbub_signaling.adapters.send_queue import SendQueue
from hubbub_signaling.adapters.socket_server import SocketServer, _EngineConnection
from hubbub_signaling.domain.address_limits import AddressLimits
from hubbub_signaling.domain.client_address import TrustedProxies
from hubbub_signaling.domain.origins import AllowedOrigins
from support.signaling_fakes import SignalingRig


async def test_connection_is_removed_when_its_session_fails_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: socketio.AsyncServer, _eio_sid: str, _reason: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(socketio.AsyncServer, "_handle_eio_disconnect", fail)
    rig, limits = SignalingRig(), AddressLimits(1, 1)
    server = SocketServer(
        rig.manager,
        rig.telemetry,
        origins=AllowedOrigins([]),
        limits=limits,
        forwarded=ForwardedHeaders(TrustedProxies([])),
    )
    limits.connected("192.0.2.1", 0.0)
    server._connections["engine"] = _EngineConnection("192.0.2.1", SendQueue(), None)
    with pytest.raises(RuntimeError):
        await server._handle_eio_disconnect("engine", "transport close")
    assert server._connections == {}
