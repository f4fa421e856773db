"""A WHIP client on aiortc: another implementation of SDP, ICE and RTP than FFmpeg's and ours."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

SIZE = (640, 480)
"""Of aiortc's test picture."""


class AiortcPublisher:
    """Publishes a picture and silence while its context is open."""

    def __init__(self, endpoint: str, token: str) -> None:
        self._endpoint = endpoint
        self._http = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
        self._connection = RTCPeerConnection()
        self.session_url = ""

    async def __aenter__(self) -> Self:
        """Posts the offer, and waits until the connection is established."""
        connected = asyncio.Event()

        @self._connection.on("connectionstatechange")
        def changed() -> None:
            if self._connection.connectionState == "connected":
                connected.set()

        for track in (AudioStreamTrack(), VideoStreamTrack()):
            self._connection.addTransceiver(track, "sendonly")
        await self._connection.setLocalDescription(await self._connection.createOffer())
        response = await self._send("POST", self._endpoint, "application/sdp", self._connection.localDescription.sdp)
        if response.status != 201:
            raise ConnectionError(f"{response.status} {await response.text()}")
        self.session_url = urljoin(self._endpoint, response.headers["Location"])
        answer = RTCSessionDescription(await response.text(), "answer")
        await self._connection.setRemoteDescription(answer)
        await connected.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deletes the session."""
        if self.session_url:
            await self._http.delete(self.session_url)
        await self._connection.close()
        await self._http.close()

    async def _send(self, method: str, url: str, media_type: str, body: str) -> Any:
        return await self._http.request(method, url, data=body, headers={"Content-Type": media_type})
