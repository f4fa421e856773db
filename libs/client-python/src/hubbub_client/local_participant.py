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
        self,
        user_id: str,
        name: str,
        app_data: Mapping[str, Any],
        sync: Callable[[], Awaitable[None]],
        *,
        watches: bool = False,
    ) -> None:
        """`sync` sends what `publications` contains. `watches`: the client is in the audience, and sends nothing."""
        super().__init__("local", user_id, name, app_data)
        self._sync = sync
        self._watches = watches
        self._ended = False

    async def publish(self, track: MediaStreamTrack, source: Source) -> LocalPublication:
        """Sends a track, in place of the previous track of this source, until `unpublish` or the end of the track.

        The track is aiortc's: its `recv` returns `av.AudioFrame` or `av.VideoFrame`, or an `av.Packet` that is encoded
        already, when it is time to send it. Raises CallError `invalid_state` after the end of the call,
        `not_allowed` in the audience, `unsupported_codec`, or with the server's code.
        """
        if self._watches:
            track.stop()
            raise CallError("not_allowed", "A client in the audience sends nothing.")
        await self.unpublish(source)
        if self._ended:
            track.stop()
            raise CallError("invalid_state", "The call has ended.")
        publication = LocalPublication(source, track)
        publication.set_muted(source in self.muted_by_moderator)
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
        """Pauses or resumes a published source. Its track is read meanwhile. The others see it as muted.

        Raises CallError `muted` while a moderator mutes the source, which then stays paused.
        """
        if not muted and source in self.muted_by_moderator:
            raise CallError("muted", "A moderator muted this source.")
        publication = self.publications.get(source)
        if publication is None:
            return
        publication.set_muted(muted)
        try:
            await self._sync()
        except CallError as error:
            if error.code == "muted":
                publication.set_muted(True)
            raise

    def silence(self, source: Source) -> None:
        """Internal: a moderator muted the source, so the server has paused it."""
        publication = self.publications.get(source)
        if publication is not None:
            publication.set_muted(True)

    def end(self) -> None:
        """Internal: stops all tracks."""
        self._ended = True
        for publication in self.publications.values():
            publication.track.stop()
