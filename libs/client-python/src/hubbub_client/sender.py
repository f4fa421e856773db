"""Sends one track, with aiortc's encoders and sender. No other file uses private members of aiortc's sender."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.mediastreams import MediaStreamError
from av.frame import Frame
from av.packet import Packet

from .capabilities import SentTrackParameters, VideoCodec, send_parameters
from .transport.rtp_transport import RtpTransport


class _Feed(MediaStreamTrack):
    """Passes a track on to one sender. The sender may be replaced while the track goes on."""

    def __init__(self, track: MediaStreamTrack, on_ended: Callable[[], None]) -> None:
        super().__init__()
        self.kind = track.kind
        self.paused = False
        self._track = track
        self._on_track_ended = on_ended

    async def recv(self) -> Frame | Packet[Any]:
        """The next frame; while paused, frames are read and dropped."""
        while True:
            try:
                frame = await self._track.recv()
            except MediaStreamError:
                self._on_track_ended()
                raise
            if not self.paused:
                return frame


class Sender:
    """One sent track. `start` begins once the server has created its producer."""

    def __init__(
        self,
        transport: RtpTransport,
        track: MediaStreamTrack,
        router_capabilities: Mapping[str, Any],
        codec: VideoCodec,
        *,
        mid: str,
        cname: str,
        on_ended: Callable[[], None],
    ) -> None:
        """`on_ended` is called when the track ends. Raises CallError `unsupported_codec`."""
        self._feed = _Feed(track, on_ended)
        self._sender = RTCRtpSender(self._feed, transport)
        self._parameters: SentTrackParameters = send_parameters(
            router_capabilities,
            track.kind,
            codec,
            mid=mid,
            cname=cname,
            ssrc=self._sender._ssrc,  # noqa: SLF001
            rtx_ssrc=self._sender._rtx_ssrc,  # noqa: SLF001
        )

    @property
    def rtp_parameters(self) -> dict[str, Any]:
        """The argument for `produce`."""
        return self._parameters.rtp_parameters

    async def start(self) -> None:
        """Starts to encode and send."""
        await self._sender.send(self._parameters.send_parameters)

    def set_paused(self, paused: bool) -> None:
        """Stops or continues to send. The track is read meanwhile."""
        self._feed.paused = paused

    async def stop(self) -> None:
        """Stops sending. The track stays open."""
        await asyncio.shield(cast("Any", self._sender.stop()))
