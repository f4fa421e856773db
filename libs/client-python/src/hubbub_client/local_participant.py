"""The local participant: which tracks this client wants to send. `Media` sends them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiortc import MediaStreamTrack

from .errors import CallError
from .participant import BaseLocalParticipant
from .publication import LocalPublication, Source


class LocalParticipant(BaseLocalParticipant):
    """This client in the call."""

    def __init__(
        self, user_id: str, name: str, app_data: Mapping[str, Any], sync: Callable[[], Awaitable[None]]
    ) -> None:
        """`sync` sends what `publications` contains."""
        super().__init__("local", user_id, name, app_data)
        self._sync = sync
        self._ended = False

    async def publish(self, track: MediaStreamTrack, source: Source) -> LocalPublication:
        """Sends a track, in place of the previous track of this source, until `unpublish` or the end of the track.

        The track is aiortc's: its `recv` returns `av.AudioFrame` or `av.VideoFrame`, or an `av.Packet` that is encoded
        already, when it is time to send it. Raises CallError `invalid_state` after the end of the call,
        `unsupported_codec`, or with the server's code.
        """
        await self.unpublish(source)
        if self._ended:
            track.stop()
            raise CallError("invalid_state", "The call has ended.")
        publication = LocalPublication(source, track)
        self.add_publication(publication)
        try:
            await self._sync()
        except BaseException:
            self.remove_publication(publication)
            track.stop()
            raise
        return publication

    async def unpublish(self, source: Source) -> None:
        """Stops sending the source and stops its track."""
        publication = self.publications.get(source)
        if publication is not None:
            self.remove_publication(publication)
            publication.track.stop()
            await self._sync()

    async def set_muted(self, source: Source, muted: bool) -> None:
        """Pauses or resumes a published source. Its track is read meanwhile. The others see it as muted."""
        publication = self.publications.get(source)
        if publication is not None:
            publication.set_muted(muted)
            await self._sync()

    def end(self) -> None:
        """Internal: stops all tracks."""
        self._ended = True
        for publication in self.publications.values():
            publication.track.stop()
