"""Tracks that participants publish. Each keeps its object while its producer, consumer or transport is replaced."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any, Literal

from aiortc import MediaStreamTrack
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from hubbub_contracts.layers import ConsumerLayers, PreferredLayers
from hubbub_rtp.encoded_frame import EncodedFrame

from .decode_stream import decode_stream
from .emitter import Emitter
from .errors import CallError
from .frame_stream import FrameStream

Source = Literal["camera", "microphone", "screen", "screen-audio"]
"""The source of a track: `source` in the producer's `appData`, derived from the kind if another client omits it."""

Kind = Literal["audio", "video"]

PublicationEvent = Literal["changed", "layers_changed"]
"""- `changed()`: a property changed.
- `layers_changed(layers)`: this client receives other layers of a remote video than before; None: none."""

MAX_FRAMES = 64
"""Frames that wait for a reader: about a second of audio, two of video."""


class Publication(Emitter[PublicationEvent]):
    """What local and remote publications have in common."""

    def __init__(self, source: Source, kind: Kind) -> None:
        super().__init__()
        self.source = source
        self.kind = kind
        self._muted = False

    @property
    def muted(self) -> bool:
        """Whether the sender has paused the track."""
        return self._muted

    def set_muted(self, muted: bool) -> None:
        """Internal."""
        if self._muted != muted:
            self._muted = muted
            self.emit("changed")


class LocalPublication(Publication):
    """A track that this client sends."""

    def __init__(self, source: Source, track: MediaStreamTrack) -> None:
        super().__init__(source, "audio" if track.kind == "audio" else "video")
        self.track = track


class RemotePublication(Publication):
    """A track of another participant. It is received while a stream of its frames is open."""

    def __init__(self, source: Source, kind: Kind, wanted_changed: Callable[[], None]) -> None:
        super().__init__(source, kind)
        self._wanted_changed = wanted_changed
        self._streams: dict[FrameStream[EncodedFrame], bool] = {}
        """The open streams, and whether each waits for a key frame."""
        self._preferred_layers: PreferredLayers | None = None
        self._current_layers: ConsumerLayers | None = None
        self._paused_by_bandwidth = False
        self._unreachable = False
        self._request_key_frame: Callable[[], None] = lambda: None
        self._decoding: set[asyncio.Task[None]] = set()

    @property
    def wanted(self) -> bool:
        """Whether a stream is open."""
        return bool(self._streams)

    @property
    def preferred_layers(self) -> PreferredLayers | None:
        """The argument of the last `set_preferred_layers`; None: no limit."""
        return self._preferred_layers

    @property
    def current_layers(self) -> ConsumerLayers | None:
        """The layers of the video that this client receives; None: none, or the video has no layers."""
        return self._current_layers

    @property
    def paused_by_bandwidth(self) -> bool:
        """Whether the server sends nothing of the video, because not even its lowest layer fits into the bandwidth."""
        return self._paused_by_bandwidth

    @property
    def unreachable(self) -> bool:
        """Whether nothing arrives because the sender's media node cannot be reached from this client's, for now."""
        return self._unreachable

    def frames(self, max_frames: int = MAX_FRAMES) -> FrameStream[EncodedFrame]:
        """Opens a stream of encoded frames, which starts with a key frame.

        A reader that is `max_frames` behind loses the oldest frame of audio; of video everything up to the next key
        frame, which is requested.
        """
        stream = FrameStream[EncodedFrame](max_frames, self._closed)
        self._streams[stream] = self.kind == "video"
        self._wanted_changed()
        return stream

    def audio_frames(self, max_frames: int = MAX_FRAMES) -> FrameStream[AudioFrame]:
        """Opens a stream of decoded audio: 48 kHz, stereo, 16 bits. Raises CallError `invalid_state` for video."""
        return self._decoded("audio", max_frames)

    def video_frames(self, max_frames: int = MAX_FRAMES) -> FrameStream[VideoFrame]:
        """Opens a stream of pictures. Raises CallError `invalid_state` for audio."""
        return self._decoded("video", max_frames)

    def set_preferred_layers(self, spatial_layer: int, temporal_layer: int | None = None) -> None:
        """Limits the layers of the video, also while its track is replaced. No effect on videos without layers.

        Layers count from 0, the lowest, to 255; `spatial_layer` is the encoding of simulcast. A number beyond the
        highest layer means that one, and None all temporal layers.
        """
        layers = PreferredLayers(spatial_layer=spatial_layer, temporal_layer=temporal_layer)
        if layers != self._preferred_layers:
            self._preferred_layers = layers
            self.emit("changed")
            self._wanted_changed()

    def request_key_frame(self) -> None:
        """Asks the sender of the video for a key frame, soon."""
        if self.kind == "video":
            self._request_key_frame()

    def _decoded(self, kind: Kind, max_frames: int) -> FrameStream[Any]:
        if self.kind != kind:
            raise CallError("invalid_state", f"The track is {self.kind}, not {kind}.")
        encoded = self.frames()
        decoded = FrameStream[Any](max_frames, lambda _: encoded.close())
        task = asyncio.create_task(decode_stream(encoded, decoded, self.request_key_frame), name="decoder")
        self._decoding.add(task)
        task.add_done_callback(self._decoding.discard)
        return decoded

    def deliver(self, frame: EncodedFrame) -> None:
        """Internal: passes a received frame to the open streams."""
        for stream, waits in list(self._streams.items()):
            if waits and not frame.key_frame:
                self._request_key_frame()  # again and again: a request may be lost. The receiver limits their rate.
                continue
            overflows = self.kind == "video" and stream.is_full
            if overflows:
                stream.clear()
            if overflows and not frame.key_frame:
                self._streams[stream] = True
                self._request_key_frame()
                continue
            self._streams[stream] = False
            late = overflows or (waits and stream.dropped > 0)
            stream.push(dataclasses.replace(frame, discontinuous=True) if late else frame)

    def set_receiver(self, request_key_frame: Callable[[], None]) -> None:
        """Internal: how the consumer that serves the track requests a key frame."""
        self._request_key_frame = request_key_frame

    def set_current_layers(self, layers: ConsumerLayers | None) -> None:
        """Internal."""
        if self._current_layers != layers:
            self._current_layers = layers
            self.emit("layers_changed", layers)
            self.emit("changed")

    def set_paused_by_bandwidth(self, paused: bool) -> None:
        """Internal."""
        if self._paused_by_bandwidth != paused:
            self._paused_by_bandwidth = paused
            self.emit("changed")

    def set_unreachable(self, unreachable: bool) -> None:
        """Internal."""
        if self._unreachable != unreachable:
            self._unreachable = unreachable
            self.emit("changed")

    def end_streams(self) -> None:
        """Internal: the track was unpublished, or the call has ended."""
        for stream in self._streams:
            stream.end()
        self._streams.clear()

    def _closed(self, stream: FrameStream[EncodedFrame]) -> None:
        if self._streams.pop(stream, None) is not None:
            self._wanted_changed()
