"""Transports."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ..base import Done, Model
from ..bus.transport import DtlsParameters, IceCandidate, IceParameters, SctpParameters
from ..types import Direction, Id
from .base import IceServer, Mutation, Push


class TransportReady(Model):
    """What `device.createSendTransport()` and `device.createRecvTransport()` take."""

    id: Id
    ice_parameters: IceParameters
    ice_candidates: list[IceCandidate]
    dtls_parameters: DtlsParameters
    sctp_parameters: SctpParameters
    ice_servers: list[IceServer]
    ice_transport_policy: Literal["all", "relay"] | None = None


class CreateTransport(Mutation[TransportReady]):
    """Makes a transport for sending or for receiving."""

    event: ClassVar[str] = "createTransport"
    direction: Direction
    sctp_capabilities: dict[str, Any] | None = None


class ConnectTransport(Mutation[Done]):
    """Hands over the client's DTLS parameters; acknowledged before DTLS ends."""

    event: ClassVar[str] = "connectTransport"
    transport_id: Id
    dtls_parameters: DtlsParameters


class IceRestarted(Model):
    """What `transport.restartIce()` takes."""

    ice_parameters: IceParameters
    ice_servers: list[IceServer]


class RestartIce(Mutation[IceRestarted]):
    """New ICE credentials after a change of network."""

    event: ClassVar[str] = "restartIce"
    transport_id: Id


class CloseTransport(Mutation[Done]):
    """Closes a transport with its producers and consumers."""

    event: ClassVar[str] = "closeTransport"
    transport_id: Id


class TransportClosed(Push):
    """A transport of this client is gone."""

    event: ClassVar[str] = "transportClosed"
    transport_id: Id
    reason: str
