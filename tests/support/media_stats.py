"""Typed snapshots of `RTCPeerConnection.getStats()` and the rates between two of them.

Field names follow https://www.w3.org/TR/webrtc-stats/. Counts are totals since the stream began.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VideoSent:
    """One outbound video stream (`outbound-rtp`). A simulcast sender has several."""

    at: float
    """Seconds, by the browser's clock."""
    ssrc: int
    rid: str | None
    codec: str
    """The MIME type, such as `video/VP8`."""
    frames: int
    """`framesSent`."""
    width: int
    height: int
    limitation: str
    """The current `qualityLimitationReason`."""
    bandwidth_limited: float
    """Seconds during which bandwidth was the limit (`qualityLimitationDurations`)."""
    cpu_limited: float
    """Seconds during which the CPU was the limit."""

    @classmethod
    def of(cls, report: Report, codecs: Mapping[str, str]) -> Self:
        """Parses the report of one stream."""
        return cls(
            at=report["timestamp"] / 1000,
            ssrc=report["ssrc"],
            rid=report.get("rid"),
            codec=codecs.get(report.get("codecId", ""), ""),
            frames=report.get("framesSent", 0),
            width=report.get("frameWidth", 0),
            height=report.get("frameHeight", 0),
            limitation=report.get("qualityLimitationReason", "none"),
            bandwidth_limited=report.get("qualityLimitationDurations", {}).get("bandwidth", 0.0),
            cpu_limited=report.get("qualityLimitationDurations", {}).get("cpu", 0.0),
        )


@dataclass(frozen=True, slots=True)
class VideoReceived:
    """One inbound video stream (`inbound-rtp`)."""

    at: float
    codec: str
    frames: int
    """`framesDecoded`."""
    width: int
    height: int
    packets_lost: int
    freezes: int
    """`freezeCount`."""
    frozen: float
    """`totalFreezesDuration`, in seconds."""

    @classmethod
    def of(cls, report: Report, codecs: Mapping[str, str]) -> Self:
        """Parses the report of one stream."""
        return cls(
            at=report["timestamp"] / 1000,
            codec=codecs.get(report.get("codecId", ""), ""),
            frames=report.get("framesDecoded", 0),
            width=report.get("frameWidth", 0),
            height=report.get("frameHeight", 0),
            packets_lost=report.get("packetsLost", 0),
            freezes=report.get("freezeCount", 0),
            frozen=report.get("totalFreezesDuration", 0.0),
        )


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """One inbound audio stream (`inbound-rtp`)."""

    energy: float
    """`totalAudioEnergy`."""
    samples: int
    """`totalSamplesReceived`, which includes concealed samples."""
    concealed: int
    """`concealedSamples`: synthesised in place of missing ones."""
    packets: int
    lost: int

    @classmethod
    def of(cls, report: Report) -> Self:
        """Parses the report of one stream."""
        return cls(
            energy=report.get("totalAudioEnergy", 0.0),
            samples=report.get("totalSamplesReceived", 0),
            concealed=report.get("concealedSamples", 0),
            packets=report.get("packetsReceived", 0),
            lost=report.get("packetsLost", 0),
        )


@dataclass(frozen=True, slots=True)
class CallStats:
    """The statistics of one tab at one time."""

    video_sent: list[VideoSent] = field(default_factory=list)
    video_from: dict[str, VideoReceived] = field(default_factory=dict)
    """By the sender's name."""
    audio_from: dict[str, AudioReceived] = field(default_factory=dict)
    """By the sender's name."""

    @classmethod
    def of(cls, sent: Iterable[Report], received: Iterable[Report], owners: Mapping[str, str]) -> Self:
        """Parses the reports of both transports. `owners` maps the id of a received track to its sender."""
        stats = cls()
        sent, received = list(sent), list(received)
        codecs = {report["id"]: report["mimeType"] for report in [*sent, *received] if report["type"] == "codec"}
        for report in sent:
            if report["type"] == "outbound-rtp" and report["kind"] == "video":
                stats.video_sent.append(VideoSent.of(report, codecs))
        for report in received:
            owner = owners.get(report.get("trackIdentifier", ""))
            if report["type"] != "inbound-rtp" or owner is None:
                continue
            if report["kind"] == "video":
                stats.video_from[owner] = VideoReceived.of(report, codecs)
            else:
                stats.audio_from[owner] = AudioReceived.of(report)
        return stats


def sent_rate(before: CallStats, after: CallStats) -> float:
    """Frames per second that the tab sent between the snapshots, of its stream with the highest rate."""
    earlier = {stream.ssrc: stream for stream in before.video_sent}
    return max(
        (rate(earlier[stream.ssrc], stream) for stream in after.video_sent if stream.ssrc in earlier), default=0.0
    )


def decoded_rate(before: CallStats, after: CallStats, sender: str) -> float:
    """Frames per second of this sender that the tab decoded between the snapshots."""
    return rate(before.video_from[sender], after.video_from[sender])


def rate(before: VideoSent | VideoReceived, after: VideoSent | VideoReceived) -> float:
    """Frames per second of one stream, by the clock of its own reports."""
    return (after.frames - before.frames) / (after.at - before.at)


def concealed_share(before: AudioReceived, after: AudioReceived) -> float:
    """The fraction of the samples between the snapshots that was concealed."""
    return (after.concealed - before.concealed) / max(1, after.samples - before.samples)
