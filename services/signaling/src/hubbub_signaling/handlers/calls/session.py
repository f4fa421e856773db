"""One device in the namespace `/calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.call import PresenceStatus
from hubbub_contracts.socket.base import ClientRequest, Push
from hubbub_contracts.socket.calls_catalogue import CALL_REQUESTS, NAMESPACE

from ...domain.authorization import require
from ...domain.calls.ports import CallsBackend
from ...domain.identity import Identity
from ...domain.ports import ClientSocket, SessionTelemetry
from ..client_request import Acknowledge, as_hubbub_error, measured, parse_request
from ..keyed_queue import KeyedQueue, Operation
from ..live_tokens import LiveTokens
from ..session_access import SessionAccess
from .catalogue import CallHandler, CallRequestContext
from .hub import CallHub

_IN_ORDER = "in order"
"""The key of all operations: one after another."""
_CANCELLED = HubbubError(ErrorCode.CANCELLED, "the socket was lost")
_tracer = trace.get_tracer("hubbub.signaling")


class CallSession:
    """Lives as long as the device's connection to the namespace. Implements `Device` and `RequestingDevice`."""

    def __init__(
        self,
        client: ClientSocket,
        identity: Identity,
        device_id: str,
        *,
        hub: CallHub,
        backend: CallsBackend,
        handlers: Mapping[str, CallHandler],
        telemetry: SessionTelemetry,
        tokens: LiveTokens,
    ) -> None:
        """Raises `invalid_argument` when the identity names no user."""
        self.user_id = identity.require_user()
        self.tenant = identity.tenant
        self.access = SessionAccess(identity, tokens, client, client.close)
        self.device_id = device_id
        self.status: PresenceStatus = "online"
        self._client = client
        self._hub = hub
        self._context = CallRequestContext(self, backend)
        self._handlers = handlers
        self._telemetry = telemetry
        self._queue = KeyedQueue()
        hub.attach(self)

    @property
    def identity(self) -> Identity:
        """See `RequestingDevice`."""
        return self.access.identity

    def push(self, push: Push) -> None:
        """See `Device`."""
        self._client.push(push)

    def set_status(self, status: PresenceStatus) -> None:
        """See `RequestingDevice`."""
        self.status = status

    def receive(self, event: str, payload: object, acknowledge: Acknowledge) -> None:
        """Validates a request and puts it into the queue. `acknowledge` is called once with its answer."""
        answer = measured(acknowledge, self._telemetry, CALL_REQUESTS, event)
        try:
            request = parse_request(CALL_REQUESTS, event, payload)
            if self._queue.full:
                raise HubbubError(ErrorCode.RATE_LIMITED, "too many requests are pending", retryable=True)
        except HubbubError as error:
            answer(error.reply().wire())
            return
        operation = Operation(
            run=lambda: self._run(request, answer), on_cancelled=lambda: answer(_CANCELLED.reply().wire())
        )
        self._queue.submit(_IN_ORDER, operation)

    async def close(self) -> None:
        """The device is gone: cancels its pending requests."""
        self._hub.detach(self)
        self.access.stop()
        await self._queue.cancel()

    async def _run(self, request: ClientRequest[Any], answer: Acknowledge) -> None:
        with _tracer.start_as_current_span(f"socket {NAMESPACE} {request.event}", kind=trace.SpanKind.SERVER) as span:
            try:
                handler = self._handlers[request.event]
                require(self.access.identity, handler.grant)
                reply = (await handler.handle(self._context, request)).wire()
            except Exception as error:  # noqa: BLE001 - a bug in one handler must not end the session
                failure = as_hubbub_error(error, request.event)
                reply = failure.reply().wire()
                span.set_attribute("error.type", failure.code.value)
        answer(reply)
