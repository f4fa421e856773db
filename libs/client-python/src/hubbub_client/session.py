"""The session with the server: resumed after a lost socket, else joined again."""

from __future__ import annotations

from collections.abc import Callable

from hubbub_contracts.socket.room import LOBBY, CreateRoom, JoinRoom, Resume, RoomJoined, SessionResumed

from .capabilities import receive_capabilities
from .errors import CallError
from .local_participant import LocalParticipant
from .media import Media
from .signaling import Signaling

Started = Callable[[SessionResumed | RoomJoined], None]


class Session:
    """This client's membership of the room."""

    def __init__(
        self,
        signaling: Signaling,
        media: Media,
        local: LocalParticipant,
        room: str,
        *,
        create_room: bool,
        region: str | None,
        audience: bool = False,
    ) -> None:
        self._signaling = signaling
        self._media = media
        self._local = local
        self._room = room
        self._create_room = create_room
        self._region = region
        self._audience = audience
        self._resume_token: str | None = None
        self._revision = 0

    def forget(self) -> None:
        """The server no longer has the session: `start` joins."""
        self._resume_token = None

    async def start(self, is_current: Callable[[], bool], started: Started) -> None:
        """Resumes the session or joins the room. Raises CallError.

        `started` gets the snapshot before any event that follows it, unless the attempt is no longer current.
        """

        def answered(session: SessionResumed | RoomJoined) -> None:
            if is_current():
                self._resume_token, self._revision = session.resume_token, session.revision
                started(session)

        if not await self._resume(answered):
            await self._join(is_current, answered)

    async def _resume(self, answered: Started) -> bool:
        """Whether the server still has the session."""
        if self._resume_token is None:
            return False
        request = Resume(
            resume_token=self._resume_token,
            last_revision=self._revision,
            rtp_capabilities=receive_capabilities(self._media.context.router_capabilities),
        )
        try:
            await self._signaling.request(request, answered)
        except CallError as error:
            if error.retryable:
                raise
            self._resume_token = None
            return False
        return True

    async def _join(self, is_current: Callable[[], bool], answered: Started) -> None:
        self._media.drop()
        if self._create_room or not self._media.context.router_capabilities:
            room = await self._signaling.request(CreateRoom(call_id=self._room))
            self._media.context.router_capabilities = room.rtp_capabilities
            if not is_current():
                # Joining now, after `leave`, would leave a peer in the room until the reconnect grace period expires.
                raise CallError("cancelled", "The call was left before it was joined.")
        request = JoinRoom(
            call_id=self._room,
            user_id=self._local.user_id,
            display_name=self._local.name,
            app_data=dict(self._local.app_data),
            rtp_capabilities=receive_capabilities(self._media.context.router_capabilities),
            resumable=True,
            features=[LOBBY],
            region=self._region,
            audience=self._audience,
        )
        await self._signaling.request(request, answered)
