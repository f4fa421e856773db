"""WHIP and WHEP over fakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hubbub_contracts.bus.consumer import ConsumerCreated, CreateConsumer
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
from hubbub_signaling.adapters.media_authorization import MediaAuthorization
from hubbub_signaling.adapters.whep_http import WhepApi
from hubbub_signaling.adapters.whip_http import WhipApi
from hubbub_signaling.domain.client_address import TrustedProxies
from hubbub_signaling.domain.identity import Identity, IdentityPolicy
from hubbub_signaling.domain.media_access import ENCODER, PLAYER, MediaAccess, require_publisher, require_viewer
from hubbub_signaling.handlers.http_session import CreatedSession
from hubbub_signaling.handlers.whep.sessions import WhepSessions
from hubbub_signaling.handlers.whip.sessions import WhipSessions

from .calls_fakes import http_limits, local_identification
from .signaling_fakes import SignalingRig

_OFFERS = Path(__file__).parents[1] / "fixtures/sdp"
OFFER = (_OFFERS / "ffmpeg-9-main.sdp").read_bytes().decode()
"""Of a publisher."""
RECEIVING_OFFER = (_OFFERS / "chromium-156-recvonly.sdp").read_bytes().decode()
"""Of a viewer, for one audio and one video."""


class HttpMediaRig(SignalingRig):
    """A rig whose registry and node accept publishers and viewers."""

    def __init__(self, region: str | None = None) -> None:
        super().__init__(region=region)
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
        self.backend.answers[CreateConsumer] = ConsumerCreated(
            kind="video", rtp_parameters={}, type="simple", producer_paused=False, paused=False
        )
        self.whip = WhipSessions(self.manager, self.backend, self.ports.outbox)
        self.whep = WhepSessions(self.manager)

    async def publish(self, name: str = "camera") -> CreatedSession:
        return await self.whip.publish(ENCODER, "room", name, OFFER)

    @property
    def joins(self) -> list[JoinRoom]:
        return [one for one in self.backend.registry_requests if isinstance(one, JoinRoom)]

    def left(self) -> list[str]:
        return [one.peer_id for one in self.backend.registry_requests if isinstance(one, LeaveRoom)]


def whip_api(
    rig: HttpMediaRig | None = None, token: str | None = None, policy: IdentityPolicy | None = None
) -> WhipApi:
    """The routes of WHIP over a rig."""
    access = MediaAccess(token, ENCODER)
    return WhipApi((rig or HttpMediaRig()).whip, _authorization(access, require_publisher, policy))


def whep_api(
    rig: HttpMediaRig | None = None, token: str | None = None, policy: IdentityPolicy | None = None
) -> WhepApi:
    """The routes of WHEP over a rig."""
    access = MediaAccess(token, PLAYER)
    return WhepApi((rig or HttpMediaRig()).whep, _authorization(access, require_viewer, policy))


def _authorization(
    access: MediaAccess, require: Callable[[Identity, str], None], policy: IdentityPolicy | None
) -> MediaAuthorization:
    forwarded = ForwardedHeaders(TrustedProxies([]))
    return MediaAuthorization(access, require, local_identification(policy), http_limits(), forwarded)
