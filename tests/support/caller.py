"""A call participant without a browser: a socket, transports, recorded media, and counts of received packets."""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from .client_socket import ClientSocket
from .recording import AUDIO, VIDEO, Source
from .rtp_transport import RtpTransport, Stream

CHROMIUM = Path(__file__).parents[1] / "fixtures" / "chromium-156"
QUIET = 0.5
"""Seconds without a packet, of a track that has one every 20 or 33 ms."""
_FILES = {"audio": "produce-audio-opus.json", "video": "produce-video-vp8.json"}
_TRACKS = {"audio": AUDIO, "video": VIDEO}


@cache
def _read(name: str) -> Any:
    return json.loads((CHROMIUM / name).read_text())


def rtp_capabilities() -> dict[str, Any]:
    """Chromium's receive capabilities."""
    capabilities: dict[str, Any] = copy.deepcopy(_read("recv-rtp-capabilities.json"))
    return capabilities


def rtp_parameters(kind: str, ssrc: int, mid: str | None = None) -> dict[str, Any]:
    """Chromium's parameters of a sent track, with this SSRC and the next one for RTX."""
    parameters: dict[str, Any] = copy.deepcopy(_read(_FILES[kind])["rtpParameters"])
    encoding = parameters["encodings"][0]
    encoding["ssrc"] = ssrc
    if "rtx" in encoding:
        encoding["rtx"]["ssrc"] = ssrc + 1
    if mid is not None:
        parameters["mid"] = mid
    return parameters


@dataclass(frozen=True)
class Consumer:
    """One received track."""

    id: str
    producer_id: str
    kind: str
    ssrc: int
    transport: RtpTransport

    async def wait_packets(self, packets: int = 10, within: float = 20.0) -> Stream:
        """Waits for this many more packets of the track. Raises TimeoutError."""
        return await self.transport.wait_packets(self.ssrc, packets, within)

    async def wait_silent(self, within: float = 20.0) -> None:
        """Waits until nothing of the track arrives any more. What is on its way arrives first. Raises TimeoutError."""
        stream = self.transport.streams[self.ssrc]
        async with asyncio.timeout(within):
            while True:
                before = stream.packets
                await asyncio.sleep(QUIET)
                if stream.packets == before:
                    return


class Caller(ClientSocket):
    """A client's socket with media over `udp` or `tcp`. Leaving the context closes both."""

    def __init__(
        self,
        url: str,
        *,
        protocol: str = "udp",
        local_address: str | None = None,
        auth: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(url, local_address=local_address, auth=auth)
        self._protocol = protocol
        self.peer_id = ""
        self.resume_token: str | None = None
        self.transports: dict[str, RtpTransport] = {}
        self.sources: dict[str, Source] = {}
        self.former_sources: list[Source] = []
        """What still sends the tracks of replaced producers over their former transports."""
        self._by_direction: dict[str, RtpTransport] = {}

    async def join(self, call_id: str, **more: Any) -> dict[str, Any]:
        """Creates the room and joins it. `more` are further fields of `joinRoom`."""
        await self.ask("createRoom", callId=call_id)
        joined = await self.ask(
            "joinRoom",
            **{"callId": call_id, "userId": "somebody", "rtpCapabilities": rtp_capabilities(), **more},
        )
        self.peer_id, self.resume_token = joined["peerId"], joined.get("resumeToken")
        return joined

    async def transport(self, direction: str, role: str = "client", **more: Any) -> RtpTransport:
        """Creates and connects a transport, which replaces the one for this direction.

        `more` are further fields of `createTransport`.
        """
        offer = await self.ask("createTransport", direction=direction, **more)
        transport = RtpTransport(offer, role, protocol=self._protocol)
        self.transports[transport.id] = self._by_direction[direction] = transport
        await self.ask("connectTransport", transportId=transport.id, dtlsParameters=transport.dtls_parameters)
        await transport.open()
        return transport

    async def publish(self, kind: str, **more: Any) -> str:
        """Sends a recorded track. Returns the producer's id. `more` are further fields of `produce`."""
        transport = self._by_direction.get("send") or await self.transport("send")
        ssrc = secrets.randbelow(1 << 31) + 1
        parameters = rtp_parameters(kind, ssrc, mid=str(len(self.sources)))
        produced = await self.ask(
            "produce", **{"transportId": transport.id, "kind": kind, "rtpParameters": parameters, **more}
        )
        self.sources[produced["id"]] = Source(transport, _TRACKS[kind], ssrc)
        if kind == "video":
            transport.on_key_frame_request = self._on_key_frame_request
        return str(produced["id"])

    async def consume(self, producer_id: str, *, resume: bool = True, **more: Any) -> Consumer:
        """Creates a consumer, and resumes it unless `resume` is false. `more` are further fields of `consume`."""
        transport = self._by_direction.get("recv") or await self.transport("recv")
        consumed = await self.ask("consume", transportId=transport.id, producerId=producer_id, **more)
        if resume:
            await self.ask("resumeConsumer", consumerId=consumed["id"])
        ssrc: int = consumed["rtpParameters"]["encodings"][0]["ssrc"]
        return Consumer(consumed["id"], producer_id, consumed["kind"], ssrc, transport)

    async def next_home(self) -> None:
        """Creates transports on the media node to which the client moves. The former ones stay."""
        for direction in list(self._by_direction):
            await self.transport(direction, home="next")

    async def replace(self, producer_id: str, **more: Any) -> str:
        """Sends a track over the transport of the next home as well, by a producer that replaces this one.

        Returns the producer's id. `more` are further fields of `produce`.
        """
        transport, former = self._by_direction["send"], self.sources[producer_id]
        kind, ssrc = "video" if former.track.is_video else "audio", secrets.randbelow(1 << 31) + 1
        parameters = rtp_parameters(kind, ssrc, mid=str(list(self.sources).index(producer_id)))
        produce = {"transportId": transport.id, "kind": kind, "rtpParameters": parameters, "replaces": producer_id}
        produced = await self.ask("produce", **produce, **more)
        self.former_sources.append(former)
        self.sources[producer_id] = Source(transport, former.track, ssrc)
        if former.track.is_video:
            transport.on_key_frame_request = self._on_key_frame_request
        return str(produced["id"])

    async def stop_former_sources(self) -> None:
        """Stops what replaced producers still get over their former transports."""
        for source in self.former_sources:
            await source.stop()
        self.former_sources.clear()

    async def stop_sending(self, producer_id: str) -> None:
        """Stops sending a track without closing its producer."""
        await self.sources.pop(producer_id).stop()

    async def end_media(self) -> None:
        """Stops sending and closes all transports. The socket stays open."""
        await self.stop_former_sources()
        for source in self.sources.values():
            await source.stop()
        for transport in self.transports.values():
            await transport.close()
        self.sources.clear()
        self.transports.clear()
        self._by_direction.clear()

    def take_over_media(self, other: Caller) -> None:
        """Takes over the media of the caller whose session this one resumed."""
        self.peer_id = other.peer_id
        self.transports, other.transports = other.transports, {}
        self.sources, other.sources = other.sources, {}
        self.former_sources, other.former_sources = other.former_sources, []
        self._by_direction, other._by_direction = other._by_direction, {}
        for transport in self.transports.values():
            if transport.on_key_frame_request is not None:
                transport.on_key_frame_request = self._on_key_frame_request

    def _on_key_frame_request(self, ssrc: int) -> None:
        for source in (*self.sources.values(), *self.former_sources):
            if source.ssrc == ssrc:
                source.request_key_frame()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes media and socket."""
        await self.end_media()
        await self.close()
