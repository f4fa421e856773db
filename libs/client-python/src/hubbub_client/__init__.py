"""Hubbub's SDK for Python: join a call, publish tracks and receive those of the others, encoded or decoded."""

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
