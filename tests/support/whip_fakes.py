"""WHIP over fakes."""

from __future__ import annotations

from pathlib import Path

from hubbub_contracts.bus.peer import JoinRoom, LeaveRoom
from hubbub_contracts.bus.room import CreateRoom, RoomCreated
from hubbub_contracts.bus.transport import (
    CreateTransport,
    DtlsParameters,
    Fingerprint,
    IceParameters,
    SctpParameters,
    TransportCreated,
)
from hubbub_ortc import DEFAULT_MEDIA_CODECS, generate_router_rtp_capabilities
from hubbub_signaling.adapters.forwarded import ForwardedHeaders
from hubbub_signaling.adapters.whip_http import WhipApi
from hubbub_signaling.domain.address_limits import AddressLimits
from hubbub_signaling.domain.client_address import TrustedProxies
from hubbub_signaling.domain.identity import IdentityPolicy
from hubbub_signaling.domain.whip_access import ENCODER, WhipAccess
from hubbub_signaling.handlers.whip.sessions import Published, WhipSessions

from .calls_fakes import local_identification
from .signaling_fakes import SignalingRig

OFFER = (Path(__file__).parents[1] / "fixtures/sdp/ffmpeg-9-main.sdp").read_bytes().decode()


class WhipRig(SignalingRig):
    """A rig whose registry and node accept a publisher."""

    def __init__(self) -> None:
        super().__init__()
        capabilities = generate_router_rtp_capabilities(DEFAULT_MEDIA_CODECS)
        self.backend.answers[CreateRoom] = RoomCreated(
            room_id="cm9vbQ",
            call_id="room",
            codec_profile="v1",
            rtp_capabilities=dict(capabilities),
        )
        self.backend.answers[CreateTransport] = TransportCreated(
            ice_parameters=IceParameters(username_fragment="ours", password="secret"),
            ice_candidates=[],
            dtls_parameters=DtlsParameters(fingerprints=[Fingerprint(algorithm="sha-256", value="AB")]),
            sctp_parameters=SctpParameters.model_validate(
                {"port": 5000, "OS": 1, "MIS": 1}
                | dict.fromkeys(("maxMessageSize", "maxSendMessageSize", "maxReceiveMessageSize"), 1)
            ),
        )
        self.whip = WhipSessions(self.manager, self.backend, self.ports.outbox)

    async def publish(self, name: str = "camera") -> Published:
        return await self.whip.publish(ENCODER, "room", name, OFFER)

    @property
    def joins(self) -> list[JoinRoom]:
        return [one for one in self.backend.registry_requests if isinstance(one, JoinRoom)]

    def left(self) -> list[str]:
        return [one.peer_id for one in self.backend.registry_requests if isinstance(one, LeaveRoom)]


def whip_api(rig: WhipRig | None = None, token: str | None = None, policy: IdentityPolicy | None = None) -> WhipApi:
    """The routes over a rig."""
    return WhipApi(
        (rig or WhipRig()).whip,
        WhipAccess(token),
        local_identification(policy),
        AddressLimits(10, 1_000),
        ForwardedHeaders(TrustedProxies([])),
    )
