"""Every request of the namespace `/calls` with its handler and the grant that it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hubbub_contracts import Done, Model
from hubbub_contracts.bus.call import CancelCall, DeclineCall, IgnoreCall
from hubbub_contracts.bus.message import DeliverMessage
from hubbub_contracts.call import PresenceStatus, UserPresence
from hubbub_contracts.rest.calls import JoinedCall
from hubbub_contracts.socket import call as socket
from hubbub_contracts.socket.access import RefreshToken, TokenRefreshed
from hubbub_contracts.socket.message import MessageSent, SendMessage

from ...domain.authorization import Grant
from ...domain.calls.ports import CallsBackend
from ...domain.identity import Identity
from ..session_access import SessionAccess
from . import requests


class RequestingDevice(Protocol):
    """The device that a request came from."""

    @property
    def user_id(self) -> str:
        """The user."""

    @property
    def tenant(self) -> str | None:
        """Whose user it is."""

    @property
    def identity(self) -> Identity:
        """The user, and what the user may do."""

    @property
    def device_id(self) -> str:
        """Unique among the user's devices."""

    @property
    def access(self) -> SessionAccess:
        """Its access token."""

    def set_status(self, status: PresenceStatus) -> None:
        """Sets what the device says of its user."""


@dataclass(frozen=True)
class CallRequestContext:
    """The first argument of every handler."""

    device: RequestingDevice
    backend: CallsBackend


async def accept(context: CallRequestContext, request: socket.Accept) -> JoinedCall:
    """Answers a ring, or enters a live call."""
    device = context.device
    return await requests.join(context.backend, device.identity, request.call_id, device.device_id)


async def decline(context: CallRequestContext, request: socket.Decline) -> Done:
    """Declines a ring for all devices."""
    device = context.device
    await context.backend.calls(
        DeclineCall(tenant=device.tenant, call_id=request.call_id, user_id=device.user_id, device_id=device.device_id)
    )
    return Done()


async def ignore(context: CallRequestContext, request: socket.Ignore) -> Done:
    """Stops ringing this device."""
    device = context.device
    await context.backend.calls(
        IgnoreCall(tenant=device.tenant, call_id=request.call_id, user_id=device.user_id, device_id=device.device_id)
    )
    return Done()


async def cancel(context: CallRequestContext, request: socket.Cancel) -> Done:
    """Takes a call back."""
    device = context.device
    await context.backend.calls(CancelCall(tenant=device.tenant, call_id=request.call_id, user_id=device.user_id))
    return Done()


async def set_presence(context: CallRequestContext, request: socket.SetPresence) -> UserPresence:
    """Sets the status of this device."""
    device = context.device
    device.set_status(request.status)
    [presence] = await requests.presence(context.backend, device.tenant, [device.user_id])
    return presence


async def send_message(context: CallRequestContext, request: SendMessage) -> MessageSent:
    """Sends a message of the application to users."""
    device = context.device
    message = DeliverMessage(
        tenant=device.tenant,
        sender_id=device.user_id,
        device_id=device.device_id,
        user_ids=request.user_ids,
        group_id=request.group_id,
        data=request.data,
    )
    return MessageSent(devices=await context.backend.deliver(message))


async def refresh_token(context: CallRequestContext, request: RefreshToken) -> TokenRefreshed:
    """Replaces the device's access token."""
    access = context.device.access
    identity = access.verify(request.token)
    access.replace(identity)
    return TokenRefreshed.of(identity.expires_at)


@dataclass(frozen=True)
class CallHandler:
    """One row."""

    handle: Callable[[CallRequestContext, Any], Awaitable[Model]]
    grant: Grant
    """What the client's access token must grant, where tokens are used."""


CALL_HANDLERS: Final[dict[str, CallHandler]] = {
    "accept": CallHandler(accept, Grant.CALLS),
    "decline": CallHandler(decline, Grant.CALLS),
    "ignore": CallHandler(ignore, Grant.CALLS),
    "cancel": CallHandler(cancel, Grant.CALLS),
    "setPresence": CallHandler(set_presence, Grant.CALLS),
    "sendMessage": CallHandler(send_message, Grant.CALLS),
    "refreshToken": CallHandler(refresh_token, Grant.ADMITTED),
}
