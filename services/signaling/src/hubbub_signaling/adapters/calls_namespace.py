"""Opens sessions of the namespace `/calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hubbub_contracts import ErrorCode, HubbubError, ids
from hubbub_contracts.types import DeviceId

from ..domain.authorization import Grant, require
from ..domain.calls.ports import CallsBackend
from ..domain.identity import Identity
from ..domain.ports import ClientSocket, SessionTelemetry
from ..handlers.calls.catalogue import CALL_HANDLERS
from ..handlers.calls.hub import CallHub
from ..handlers.calls.session import CallSession
from ..handlers.live_tokens import LiveTokens
from .identification import Identification

_DEVICE_ID: TypeAdapter[str] = TypeAdapter(DeviceId)


class CallsNamespace:
    """The namespace on this instance."""

    def __init__(
        self,
        hub: CallHub,
        backend: CallsBackend,
        identification: Identification,
        telemetry: SessionTelemetry,
        tokens: LiveTokens,
    ) -> None:
        self._hub = hub
        self._backend = backend
        self._identification = identification
        self._telemetry = telemetry
        self._tokens = tokens

    def identify(self, scope: Mapping[str, Any], auth: object) -> Identity:
        """The identity of a client that may call. Raises `unauthenticated`, `not_allowed` and `invalid_argument`.

        `scope` is that of the handshake, and `auth` what the client sent with it.
        """
        identity = self._identification.identify(scope, auth)
        require(identity, Grant.CALLS)
        return identity

    def open(self, client: ClientSocket, identity: Identity, auth: object) -> CallSession:
        """A session for a socket. Raises `invalid_argument`."""
        return CallSession(
            client,
            identity,
            _device_id(auth),
            hub=self._hub,
            backend=self._backend,
            handlers=CALL_HANDLERS,
            telemetry=self._telemetry,
            tokens=self._tokens,
        )


def _device_id(auth: object) -> str:
    device_id = auth.get("deviceId") if isinstance(auth, dict) else None
    if device_id is None:
        return ids.mint()
    try:
        return _DEVICE_ID.validate_python(device_id, strict=True)
    except ValidationError as error:
        raise HubbubError(ErrorCode.INVALID_ARGUMENT, "deviceId: must be 1 to 64 of A-Z a-z 0-9 _ -") from error
