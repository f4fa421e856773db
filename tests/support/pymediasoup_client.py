"""A client made of public libraries: python-socketio for the socket, pymediasoup and aiortc for the media."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import time
from types import TracebackType
from typing import Any, Self, TypeVar

import aioice.ice
import socketio
from aiortc import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from pydantic import BaseModel
from pymediasoup import AiortcHandler, Device
from pymediasoup.consumer import Consumer
from pymediasoup.models.transport import DtlsParameters
from pymediasoup.rtp_parameters import RtpCapabilities, RtpParameters
from pymediasoup.transport import Transport

from .client_socket import ANSWER_TIMEOUT, Refused

# aioice does not gather the loopback address. The tests use no other.
aioice.ice.get_host_addresses = lambda **_families: ["127.0.0.1"]

EVENTS = ("peerJoined", "peerLeft", "newProducer")
FRAME_RATE = 15
ModelT = TypeVar("ModelT", bound=BaseModel)


class StripesTrack(VideoStreamTrack):
    """Small synthetic video. Every frame differs."""

    _frame = 0

    async def recv(self) -> VideoFrame:
        """The next frame, at its time."""
        await asyncio.sleep(1 / FRAME_RATE)
        self._frame += 1
        frame = VideoFrame(width=160, height=120, format="yuv420p")
        for plane in frame.planes:
            plane.update(bytes((self._frame * 8 + i // 16) % 256 for i in range(plane.buffer_size)))
        frame.pts = self._frame * 90_000 // FRAME_RATE
        frame.time_base = fractions.Fraction(1, 90_000)
        return frame


class FrameSink:
    """Counts the decoded frames of a received track."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.frames = 0
        self.longest_gap = 0.0
        self._last_at: float | None = None
        self._arrived = asyncio.Event()
        self._task = asyncio.create_task(self._run(track))

    async def wait_frames(self, frames: int, within: float = 40.0) -> None:
        """Waits until this many more frames are decoded. Raises TimeoutError."""
        wanted = self.frames + frames
        async with asyncio.timeout(within):
            while self.frames < wanted:
                self._arrived.clear()
                await self._arrived.wait()

    async def stop(self) -> None:
        """Stops reading the track."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()
                now = time.monotonic()
                if self._last_at is not None:
                    self.longest_gap = max(self.longest_gap, now - self._last_at)
                self._last_at = now
                self.frames += 1
                self._arrived.set()


class PymediasoupClient:
    """An application that uses only the events that every mediasoup-client application needs."""

    def __init__(self) -> None:
        self.device = Device(handlerFactory=AiortcHandler.createFactory())
        self.socket = socketio.AsyncClient(reconnection=False)
        self.events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.peer_id = ""
        self._transports: dict[str, Transport] = {}
        self._sinks: list[FrameSink] = []
        for event in EVENTS:
            self.socket.on(event, self._noting(event))

    async def connect(self, url: str) -> None:
        """Connects by long polling and upgrades, as a browser does."""
        await self.socket.connect(url)

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        """Sends an event and waits for its result. Raises Refused for an error."""
        answer: dict[str, Any] = await self.socket.call(event, payload, timeout=ANSWER_TIMEOUT)
        if "error" in answer:
            raise Refused(event, answer["error"])
        return answer

    async def event(self, event: str) -> dict[str, Any]:
        """The next event from the server, which must be `event`. Raises TimeoutError."""
        name, payload = await asyncio.wait_for(self.events.get(), ANSWER_TIMEOUT)
        assert name == event, f"{name} came instead of {event}"
        return payload

    async def join(self, call_id: str, user_id: str) -> list[dict[str, Any]]:
        """Creates the room, loads the device and joins. Returns the other peers."""
        created = await self.call("createRoom", callId=call_id)
        await self.device.load(RtpCapabilities.model_validate(created["rtpCapabilities"]))
        joined = await self.call(
            "joinRoom", callId=call_id, userId=user_id, rtpCapabilities=_plain(self.device.recvRtpCapabilities)
        )
        self.peer_id = joined["peerId"]
        peers: list[dict[str, Any]] = joined["peers"]
        return peers

    async def publish(self, kind: str) -> str:
        """Sends synthetic audio or video. Returns the producer's id."""
        track = StripesTrack() if kind == "video" else AudioStreamTrack()
        producer = await (await self._transport("send")).produce(track=track)
        return str(producer.id)

    async def consume(self, producer_id: str) -> FrameSink:
        """Receives and decodes a track."""
        transport = await self._transport("recv")
        consumed = await self.call("consume", transportId=transport.id, producerId=producer_id)
        consumer: Consumer = await transport.consume(
            id=consumed["id"],
            producerId=consumed["producerId"],
            kind=consumed["kind"],
            rtpParameters=RtpParameters.model_validate(consumed["rtpParameters"]),
        )
        await self.call("resumeConsumer", consumerId=consumer.id)
        assert consumer.track is not None
        sink = FrameSink(consumer.track)
        self._sinks.append(sink)
        return sink

    async def close(self) -> None:
        """Closes media and socket."""
        for sink in self._sinks:
            await sink.stop()
        for transport in self._transports.values():
            await transport.close()
        if self.socket.connected:
            await self.socket.disconnect()

    async def _transport(self, direction: str) -> Transport:
        if found := self._transports.get(direction):
            return found
        offer = await self.call(
            "createTransport", direction=direction, sctpCapabilities=_plain(self.device.sctpCapabilities)
        )
        make = self.device.createSendTransport if direction == "send" else self.device.createRecvTransport
        transport = make(
            id=offer["id"],
            iceParameters=offer["iceParameters"],
            iceCandidates=offer["iceCandidates"],
            dtlsParameters=offer["dtlsParameters"],
            sctpParameters=offer["sctpParameters"],
        )

        async def connect(dtls: DtlsParameters) -> None:
            await self.call("connectTransport", transportId=offer["id"], dtlsParameters=_plain(dtls))

        async def produce(kind: str, parameters: RtpParameters, app_data: dict[str, Any]) -> str:
            produced = await self.call(
                "produce", transportId=offer["id"], kind=kind, rtpParameters=_plain(parameters), appData=app_data
            )
            return str(produced["id"])

        transport.on("connect", connect)
        transport.on("produce", produce)
        self._transports[direction] = transport
        return transport

    def _noting(self, event: str) -> Any:
        async def note(payload: dict[str, Any]) -> None:
            self.events.put_nowait((event, payload))

        return note

    async def __aenter__(self) -> Self:
        """Does nothing: `connect` takes the URL."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes media and socket."""
        await self.close()


def _plain(model: BaseModel | None) -> Any:
    """JSON, including the nulls that pymediasoup sends."""
    return model.model_dump(mode="json") if model is not None else None
