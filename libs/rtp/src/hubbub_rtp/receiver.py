"""One received track: its RTP and RTX streams to encoded frames, and the feedback that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiortc.rtp import RtcpReceiverInfo

from . import rtcp
from .depacketizers import CODECS
from .encoded_frame import EncodedFrame
from .errors import InvalidRtpParameters, UnsupportedCodec
from .frame_assembler import FrameAssembler
from .nack_generator import NackGenerator
from .reception_statistics import ReceptionStatistics
from .rtp_packet import RtpPacket
from .sequence import Unwrapper

MAX_WAIT_AUDIO = 0.06
"""Seconds that a missing packet holds up later ones. Three packets: more would be heard as delay."""
MAX_WAIT_VIDEO = 0.4
"""Seconds: several retransmissions over a long path. A key frame takes about as long."""
PICTURE_LOSS_INTERVAL = 0.5
"""Seconds between two requests for a key frame."""
SILENCE = 1.0
"""Seconds without a packet after which a sender counts as paused: it is asked for no periodic key frame."""
_AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """What a receiver needs of a consumer's `rtpParameters`."""

    ssrc: int
    payload_type: int
    codec: str
    clock_rate: int
    is_audio: bool
    nack: bool
    rtx_ssrc: int | None
    rtx_payload_type: int | None
    audio_level_id: int | None

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> StreamParameters:
        """Reads parameters in mediasoup's form. Raises UnsupportedCodec, and InvalidRtpParameters if malformed."""
        try:
            codecs, encoding = parameters["codecs"], parameters["encodings"][0]
            media = next(one for one in codecs if not str(one["mimeType"]).lower().endswith("/rtx"))
            kind, _, name = str(media["mimeType"]).lower().partition("/")
            rtx = next((one for one in codecs if one.get("parameters", {}).get("apt") == media["payloadType"]), None)
            rtx_ssrc = encoding.get("rtx", {}).get("ssrc")
            feedback = media.get("rtcpFeedback", [])
            extensions = parameters.get("headerExtensions", [])
            levels = (int(one["id"]) for one in extensions if one["uri"] == _AUDIO_LEVEL)
            result = cls(
                ssrc=int(encoding["ssrc"]),
                payload_type=int(media["payloadType"]),
                codec=name,
                clock_rate=int(media["clockRate"]),
                is_audio=kind == "audio",
                nack=any(one["type"] == "nack" and not one.get("parameter") for one in feedback),
                rtx_ssrc=int(rtx_ssrc) if rtx and rtx_ssrc is not None else None,
                rtx_payload_type=int(rtx["payloadType"]) if rtx else None,
                audio_level_id=next(levels, None),
            )
        except (KeyError, IndexError, TypeError, ValueError, StopIteration, AttributeError) as error:
            raise InvalidRtpParameters("The server sent RTP parameters that are malformed.") from error
        if name not in CODECS:
            raise UnsupportedCodec(f"The codec {name} cannot be received.")
        return result


@dataclass(frozen=True, slots=True)
class ReceivePolicy:
    """How long a receiver waits for what is missing. All in seconds."""

    max_wait_audio: float = MAX_WAIT_AUDIO
    """As MAX_WAIT_AUDIO."""
    max_wait_video: float = MAX_WAIT_VIDEO
    """As MAX_WAIT_AUDIO, for video."""
    picture_loss_interval: float = PICTURE_LOSS_INTERVAL
    """Between two requests for a key frame."""
    key_frame_interval: float | None = None
    """A key frame is also requested when there was none for this long. None: only when it is needed."""


LIVE = ReceivePolicy()
"""For frames that are shown at once."""


class Receiver:
    """One consumer. `add` and `poll` return frames in order."""

    def __init__(self, parameters: StreamParameters, policy: ReceivePolicy = LIVE) -> None:
        self.parameters = parameters
        self._policy = policy
        wait = policy.max_wait_audio if parameters.is_audio else policy.max_wait_video
        self._assembler = FrameAssembler(
            parameters.codec, parameters.clock_rate, is_audio=parameters.is_audio, max_wait=wait
        )
        self._nacks = NackGenerator()
        self._statistics = ReceptionStatistics(parameters.ssrc, parameters.clock_rate)
        self._sequences = Unwrapper(16)
        self._timestamps = Unwrapper(32)
        self._requested_at = float("-inf")
        self._received_at = float("-inf")
        self._key_frame_at: float | None = None
        self._has_packets = False
        self._wants_key_frame = False
        self.packets = 0
        """Packets received, without retransmissions."""

    @property
    def malformed(self) -> int:
        """Packets and frames that were dropped because they are malformed."""
        return self._assembler.malformed

    def request_key_frame(self) -> None:
        """The next feedback requests a key frame: the decoder, or the reader, needs one."""
        self._wants_key_frame = not self.parameters.is_audio

    def add(self, packet: RtpPacket, now: float) -> list[EncodedFrame]:
        """Adds a packet of the stream or of its retransmissions. Packets of other streams are ignored."""
        own = self.parameters
        if packet.ssrc == own.ssrc and packet.payload_type == own.payload_type:
            number, payload = packet.sequence, packet.payload
        elif packet.ssrc == own.rtx_ssrc and packet.payload_type == own.rtx_payload_type:
            if len(packet.payload) < 2 or not self._has_packets:
                return []  # padding of a bandwidth probe, or a retransmission of what is not known
            number, payload = int.from_bytes(packet.payload[:2]), packet.payload[2:]
        else:
            return []
        sequence, timestamp = self._sequences.unwrap(number), self._timestamps.unwrap(packet.timestamp)
        if packet.ssrc == own.ssrc:
            self.packets += 1
            self._has_packets = True
            self._received_at = now
            self._statistics.received(sequence, timestamp, now)
        self._nacks.received(sequence)
        level = packet.extension(own.audio_level_id) if own.audio_level_id is not None else None
        frames = self._assembler.add(
            sequence,
            timestamp,
            marker=packet.marker,
            payload=payload,
            now=now,
            audio_level=level[0] & 0x7F if level else None,
        )
        self._forget_unneeded()
        self._note_key_frame(frames, now)
        return frames

    def poll(self, now: float) -> list[EncodedFrame]:
        """Returns frames that a packet that is given up held up."""
        frames = self._assembler.poll(now)
        self._forget_unneeded()
        self._note_key_frame(frames, now)
        return frames

    def feedback(self, own_ssrc: int, now: float, round_trip: float) -> list[bytes]:
        """The RTCP packets that are due: NACKs, and a request for a key frame."""
        packets: list[bytes] = []
        ssrc = self.parameters.ssrc
        if self.parameters.nack and (due := self._nacks.due(now, round_trip)):
            packets.append(rtcp.nack(own_ssrc, ssrc, due))
        lacks_key_frame = self._has_packets and self._assembler.needs_key_frame
        wanted = self._wants_key_frame or lacks_key_frame or self._key_frame_is_due(now)
        if wanted and now - self._requested_at >= self._policy.picture_loss_interval:
            self._requested_at = now
            self._wants_key_frame = False
            packets.append(rtcp.picture_loss(own_ssrc, ssrc))
        return packets

    def extended_timestamp(self, timestamp: int) -> int:
        """An RTP timestamp of this stream, from a sender report, as `EncodedFrame.timestamp` counts."""
        return self._timestamps.nearest(timestamp)

    def sender_report(self, ntp_timestamp: int, now: float) -> None:
        """Notes the sender report that the next receiver report refers to."""
        self._statistics.sender_report(ntp_timestamp, now)

    def report(self, now: float) -> RtcpReceiverInfo | None:
        """The report block; None before the first packet."""
        return self._statistics.report(now)

    def _note_key_frame(self, frames: list[EncodedFrame], now: float) -> None:
        if any(frame.key_frame for frame in frames):
            self._key_frame_at = now

    def _key_frame_is_due(self, now: float) -> bool:
        """Whether the last key frame is older than the policy allows, and the sender sends."""
        interval = self._policy.key_frame_interval
        if interval is None or self.parameters.is_audio or self._key_frame_at is None:
            return False
        return now - self._key_frame_at >= interval and now - self._received_at < SILENCE

    def _forget_unneeded(self) -> None:
        if not self._nacks.missing:
            return
        needed = self._assembler.first_needed
        if needed is not None:
            self._nacks.forget_before(needed)
        elif self._assembler.needs_key_frame:
            self._nacks.forget_all()
