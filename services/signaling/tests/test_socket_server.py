"""The state that the Socket.IO server keeps for a connection."""

from __future__ import annotations

import pytest
import socketio

from hubbub_signaling.adapters.client_connection import ClientConnection
from hubbub_signaling.adapters.forwarded import ForwardedHeaders
from hubbub_signaling.adapters.send_queue import SendQueue
from hubbub_signaling.adapters.socket_server import SocketServer, _Client, _EngineConnection
from hubbub_signaling.domain.client_address import TrustedProxies
from hubbub_signaling.domain.client_limits import ClientLimits, Counted, Limits
from hubbub_signaling.domain.identity import ANYBODY
from hubbub_signaling.domain.origins import AllowedOrigins
from hubbub_signaling.domain.session_state import SessionEvent, SessionState
from support.calls_fakes import FakeCallsBackend, calls_namespace, local_identification
from support.signaling_fakes import SignalingRig


async def test_connection_is_removed_when_its_session_fails_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: socketio.AsyncServer, _eio_sid: str, _reason: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(socketio.AsyncServer, "_handle_eio_disconnect", fail)
    rig, limits = SignalingRig(), ClientLimits(Limits(1, 1), Limits(1, 1))
    server = SocketServer(
        rig.manager,
        calls_namespace(FakeCallsBackend()),
        local_identification(),
        rig.telemetry,
        origins=AllowedOrigins([]),
        limits=limits,
        forwarded=ForwardedHeaders(TrustedProxies([])),
    )
    limits.connected(Counted("192.0.2.1"), 0.0)
    engine = server._connections["engine"] = _EngineConnection(Counted("192.0.2.1"), SendQueue(), None)
    client = ClientConnection(engine.queue, close=lambda: None, abort=lambda: None)
    session = rig.manager.open(client, ANYBODY)
    engine.clients["/"] = _Client("1", client, session)
    with pytest.raises(RuntimeError):
        await server._handle_eio_disconnect("engine", "transport close")
    assert server._connections == {}
    assert session.machine.state is SessionState.CLOSED


async def test_connection_is_used_in_a_room_or_its_lobby_or_with_calls_open() -> None:
    rig, namespace = SignalingRig(), calls_namespace(FakeCallsBackend())
    engine = _EngineConnection(Counted("192.0.2.1"), SendQueue(), None)

    def used() -> bool:
        return engine.used

    client = ClientConnection(engine.queue, close=lambda: None, abort=lambda: None)
    assert not used()
    joining = rig.manager.open(client, ANYBODY)
    engine.clients["/"] = _Client("1", client, joining)
    assert not used()
    scope = {"headers": [], "client": ("127.0.0.1", 1)}
    session = namespace.open(client, namespace.identify(scope, {"userId": "ann"}), {})
    engine.clients["/calls"] = _Client("2", client, session)
    assert used()
    del engine.clients["/calls"]
    await session.close()
    joining.machine.apply(SessionEvent.JOIN_STARTED)
    assert not used()
    joining.machine.apply(SessionEvent.JOIN_ACCEPTED)
    assert used()
    waiting = rig.manager.open(client, ANYBODY)
    engine.clients["/"] = _Client("3", client, waiting)
    assert not used()
    waiting.machine.apply(SessionEvent.JOIN_STARTED)
    waiting.machine.apply(SessionEvent.JOIN_WAITS)
    assert used(), "it is not closed after JOIN_TIMEOUT"
