"""Recordings of a test's installation, over HTTP and in its directory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import av

from hubbub_contracts.recording import Composition, Manifest, RecordedTrack

from .installation import Installation

WITHIN = 80.0


class Recordings:
    """The routes, as a client on this machine uses them."""

    def __init__(self, installation: Installation, http: aiohttp.ClientSession) -> None:
        self.installation = installation
        self._http = http

    async def ask(self, method: str, path: str = "", *, status: int = 200, **options: Any) -> Any:
        """Sends a request below `/recordings`, and checks the status of the answer."""
        url = f"{self.installation.url}/recordings{path}"
        async with self._http.request(method, url, **options) as response:
            body = await response.json()
            assert response.status == status, body
            return body

    async def start(self, call_id: str, **fields: Any) -> str:
        """Starts a recording; returns its id."""
        started = await self.ask("POST", json={"callId": call_id, **fields}, status=201)
        return str(started["recordingId"])

    async def manifest(self, recording_id: str) -> Manifest:
        """The recording and its files."""
        return Manifest.model_validate(await self.ask("GET", f"/{recording_id}"))

    async def finished(self, recording_id: str) -> Manifest:
        """Waits until the recording is finished."""
        async with asyncio.timeout(WITHIN):
            while (manifest := await self.manifest(recording_id)).recording.state != "finished":
                await asyncio.sleep(0.1)
        return manifest

    async def composed(self, recording_id: str, within: float = WITHIN) -> Composition:
        """Waits until the newest composition is made or has failed. Its process has a low priority."""
        async with asyncio.timeout(within):
            while True:
                newest = (await self.manifest(recording_id)).recording.compositions[-1]
                if newest.state in ("done", "failed"):
                    return newest
                await asyncio.sleep(0.1)

    async def written(self, recording_id: str, size: int, *sources: str) -> list[Path]:
        """Waits until the newest file of each source has this many bytes; returns them."""
        async with asyncio.timeout(WITHIN):
            while True:
                tracks = (await self.manifest(recording_id)).tracks
                newest = {track.source: self.path(recording_id, track) for track in tracks if not track.complete}
                paths = [newest[source] for source in sources if source in newest]
                if len(paths) == len(sources) and all(one.exists() and one.stat().st_size >= size for one in paths):
                    return paths
                await asyncio.sleep(0.1)

    def path(self, recording_id: str, track: RecordedTrack) -> Path:
        """Where the file of a track is."""
        return self.installation.recordings / recording_id / track.file


def decode(path: Path) -> list[Any]:
    """The frames of a file."""
    with av.open(path) as file:
        return list(file.decode(file.streams[0]))
