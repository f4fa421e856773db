"""Hubbub's SDK for Python: join a call, publish tracks and receive those of the others, encoded or decoded.

The parts are imported when they are used: `hubbub_client.api`, for servers, needs none of the libraries for media.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubbub_contracts.rtc_stats import InboundStats, OutboundStats, StatsEntry, TransportStats
    from hubbub_rtp.encoded_frame import EncodedFrame

    from .call import Call
    from .call_events import CallEvent, Ended
    from .call_state import TRANSITIONS, CallState, CallStateEvent, EndReason, ReconnectCause
    from .capabilities import VideoCodec
    from .errors import CallError
    from .frame_stream import FrameStream
    from .local_participant import LocalParticipant
    from .moderation import LobbyPeer, Moderation, ModerationEvent
    from .participant import Participant, ParticipantEvent, RemoteParticipant, Role
    from .publication import Kind, LocalPublication, Publication, PublicationEvent, RemotePublication, Source

__all__ = [
    "TRANSITIONS",
    "Call",
    "CallError",
    "CallEvent",
    "CallState",
    "CallStateEvent",
    "EncodedFrame",
    "EndReason",
    "Ended",
    "FrameStream",
    "InboundStats",
    "Kind",
    "LobbyPeer",
    "LocalParticipant",
    "LocalPublication",
    "Moderation",
    "ModerationEvent",
    "OutboundStats",
    "Participant",
    "ParticipantEvent",
    "Publication",
    "PublicationEvent",
    "ReconnectCause",
    "RemoteParticipant",
    "RemotePublication",
    "Role",
    "Source",
    "StatsEntry",
    "TransportStats",
    "VideoCodec",
]

_MODULES = {
    "Call": ".call",
    "CallError": ".errors",
    "CallEvent": ".call_events",
    "CallState": ".call_state",
    "CallStateEvent": ".call_state",
    "EncodedFrame": "hubbub_rtp.encoded_frame",
    "EndReason": ".call_state",
    "Ended": ".call_events",
    "FrameStream": ".frame_stream",
    "InboundStats": "hubbub_contracts.rtc_stats",
    "Kind": ".publication",
    "LobbyPeer": ".moderation",
    "LocalParticipant": ".local_participant",
    "LocalPublication": ".publication",
    "Moderation": ".moderation",
    "ModerationEvent": ".moderation",
    "OutboundStats": "hubbub_contracts.rtc_stats",
    "Participant": ".participant",
    "ParticipantEvent": ".participant",
    "Publication": ".publication",
    "PublicationEvent": ".publication",
    "ReconnectCause": ".call_state",
    "RemoteParticipant": ".participant",
    "RemotePublication": ".publication",
    "Role": ".participant",
    "Source": ".publication",
    "StatsEntry": "hubbub_contracts.rtc_stats",
    "TRANSITIONS": ".call_state",
    "TransportStats": "hubbub_contracts.rtc_stats",
    "VideoCodec": ".capabilities",
}
"""The module that defines each name."""


def __getattr__(name: str) -> Any:
    """Imports the part that defines a name, when it is first used (PEP 562)."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value
