"""A call: this client's participation in one room, from `join` to its end.

- The server is the authority on who is in the room. After a lost socket the client resumes its session or, if the
  server refuses, joins again. Either answer contains a snapshot that replaces the local state.
- Participants and publications outlive sockets, transports and media nodes.
- Every connect and disconnect of the socket starts a new generation. Work of an earlier generation is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Self

from hubbub_contracts.rtc_stats import StatsEntry
from hubbub_contracts.socket.consumer import ConsumerClosed
from hubbub_contracts.socket.producer import ProducerClosed
from hubbub_contracts.socket.room import (
    Admitted,
    Announcement,
    AudienceChanged,
    LeaveRoom,
    PeerMoved,
    RoomClosed,
    RoomJoined,
    SessionResumed,
)
from hubbub_contracts.socket.transport import TransportClosed
from hubbub_contracts.types import Direction

from .background import BackgroundTasks
from .call_events import CallEvent, Ended
from .call_lifecycle import CallLifecycle
from .call_state import CallState, EndReason, ReconnectCause
from .capabilities import VideoCodec
from .emitter import Emitter
from .errors import CallError
from .local_participant import LocalParticipant
from .media import Media
from .media_sync import RETRY, MediaSync
from .moderation import Moderation
from .participant import Participant, RemoteParticipant
from .publication import Kind, LocalPublication, RemotePublication, Source
from .roster import Roster
from .session import Session
from .signaling import Signaling, TokenSource
from .speech import Speech

CONNECT_TIMEOUT = 15.0
RECONNECT_TIMEOUT = 120.0
_STOPPED = frozenset({"stopped_by_moderator", "not_allowed"})
"""The reasons of `producerClosed` after which this client does not send the track again."""
_CLOSED: Mapping[str, tuple[EndReason, tuple[str, str] | None]] = {
    "closed": ("room_closed", None),
    "removed": ("removed", None),
    "banned": ("removed", ("banned", "A moderator banned this user from the room.")),
    "refused": ("refused", ("not_admitted", "A moderator did not admit this client.")),
}
"""The reasons of `roomClosed` that end the call."""


class Call(Emitter[CallEvent]):
    """One call. Use it as a context manager, which joins and leaves, or call `join` and `leave`."""

    def __init__(
        self,
        url: str,
        room: str,
        name: str,
        *,
        path: str = "/",
        user_id: str | None = None,
        app_data: Mapping[str, Any] | None = None,
        codec: VideoCodec = "vp8",
        create_room: bool = True,
        token: TokenSource | None = None,
        region: str | None = None,
        audience: bool = False,
    ) -> None:
        """Prepares a call without connecting. Needs a running event loop.

        `url` is the origin of the server and `path` its path there; `room` the name of the room, `name` the display
        name. `user_id` is the application's id of the user, random by default; `app_data` is for the others.
        `codec` is sent for video. Without `create_room`, a room that does not exist is an error.
        `token` returns access tokens, for a server that needs them; it is called whenever a new one is needed.
        `region` says where this client is, as the operator names its regions; by default, that of the server.
        `audience`: this client only watches. The others are told how many do, not who; it cannot publish.
        """
        super().__init__()
        self.room = room
        self._signaling = Signaling(url, path, token)
        self._lifecycle = CallLifecycle(self._state_changed, self._fail)
        self._tasks = BackgroundTasks(lambda error: self.emit("error", CallError.of(error)))
        self.local = LocalParticipant(
            user_id or secrets.token_hex(8), name, dict(app_data or {}), self._sync_media, watches=audience
        )
        self._roster = Roster(self._make_publication, self, time.monotonic)
        self._media = Media(self._signaling, self.local.publications, self._roster, self, codec)
        self._sync = MediaSync(
            self._media, self._lifecycle, self._tasks, failed=lambda error: self.emit("error", error)
        )
        self._session = Session(
            self._signaling, self._media, self.local, room, create_room=create_room, region=region, audience=audience
        )
        self._speech = Speech(self._signaling, self._participant, self)
        self.moderation = Moderation(self._signaling, self.local, self._participant)
        """What moderators decide, the lobby, and raised hands."""
        self.moderation.on("muted", lambda _source: self._sync.run_in_background())
        self._listeners: dict[Participant[Any], list[Callable[[], None]]] = {}
        self._audience = 0
        self._joined: asyncio.Future[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._listen_to(self.local)
        self._listen_to_server()

    @property
    def state(self) -> CallState:
        """The state."""
        return self._lifecycle.state

    @property
    def reconnect_cause(self) -> ReconnectCause | None:
        """What was lost, while the state is `reconnecting`."""
        return self._lifecycle.cause if self.state == "reconnecting" else None

    @property
    def ended(self) -> Ended | None:
        """Why the call ended, once it has."""
        return self._lifecycle.ended

    @property
    def participants(self) -> Mapping[str, RemoteParticipant]:
        """The other participants by id, in the order in which they joined."""
        return self._roster.participants

    @property
    def audience(self) -> int:
        """How many only watch, this client included if it does."""
        return self._audience

    @property
    def active_speaker(self) -> Participant[Any] | None:
        """The participant who speaks or spoke last; None until someone speaks."""
        return self._speech.active

    async def join(self) -> None:
        """Joins the room. Returns when this client is in it, which may take a while in a room with a lobby (`waiting`).
        A call can be joined once.

        Raises CallError with the server's code; `unreachable` after 15 s without success; `room_closed` if the server
        closed the room meanwhile; `not_admitted` if a moderator refused this client; `cancelled` if `leave` was called;
        `invalid_state` if the call was joined before. In all cases but the last the call has ended.
        """
        if not self._lifecycle.transition("join"):
            raise CallError("invalid_state", "A call can be joined only once.")
        self._lifecycle.start_timeout(CONNECT_TIMEOUT)
        self._joined = asyncio.get_running_loop().create_future()
        self._signaling.connect(self._on_connected, self._on_disconnected)
        try:
            await self._joined
        except asyncio.CancelledError:
            await self.leave()
            raise

    async def leave(self) -> None:
        """Leaves the room, ends the call and stops the published tracks. Returns when all is closed."""
        if self.state != "ended":
            request = self._signaling.request(LeaveRoom()) if self._signaling.connected else None
            self._end("left", pending=request)
        await self.wait_ended()

    async def server_stats(self, of: Direction | LocalPublication | RemotePublication) -> list[StatsEntry]:
        """The server's statistics of a transport, of a local track (one entry for each stream that arrives there) or of
        a remote one. Empty while this client has no such transport, or does not send or receive the track.

        Raises CallError.
        """
        request = self._media.stats_request(of)
        return (await self._signaling.request(request)).stats if request else []

    async def wait_ended(self) -> Ended:
        """Waits until the call has ended and everything is closed. Returns why it ended."""
        if self.state != "ended":
            ended = asyncio.Event()
            remove = self.on("ended", lambda *_: ended.set())
            try:
                await ended.wait()
            finally:
                remove()
        if self._closing is not None:
            await asyncio.shield(self._closing)
        assert self.ended is not None
        return self.ended

    async def __aenter__(self) -> Self:
        """Joins the room."""
        await self.join()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves the room."""
        await self.leave()

    # What the roster reports.

    def participant_joined(self, participant: RemoteParticipant) -> None:
        """Internal."""
        self._listen_to(participant)
        self.emit("participant_joined", participant)

    def participant_left(self, participant: RemoteParticipant, reason: str) -> None:
        """Internal."""
        for remove in self._listeners.pop(participant, ()):
            remove()
        self._speech.removed(participant)
        self.emit("participant_left", participant, reason)

    def tracks_changed(self) -> None:
        """Internal."""
        self._sync.run_in_background()

    # What the speech reports.

    def active_speaker_changed(self, participant: Participant[Any]) -> None:
        """Internal."""
        self.emit("active_speaker", participant)

    def audio_levels_changed(self, levels: Mapping[Participant[Any], float]) -> None:
        """Internal."""
        self.emit("audio_levels", levels)

    # What the media report.

    def media_disrupted(self) -> None:
        """Internal."""
        self._disrupted("network")

    def media_stable(self) -> None:
        """Internal."""
        if self._media.is_stable and self._lifecycle.transition("restored"):
            self._lifecycle.stop_timeout()
            self.emit("reconnected")

    def consume_failed(self, error: CallError) -> None:
        """Internal."""
        self.emit("error", error)

    def sync_needed(self) -> None:
        """Internal."""
        self._sync.run_in_background()

    def track_ended(self, publication: LocalPublication) -> None:
        """Internal."""
        if self.local.publications.get(publication.source) is publication:
            self._tasks.spawn(self.local.unpublish(publication.source))

    def _participant(self, peer_id: str) -> Participant[Any] | None:
        return next((one for one in self._listeners if one.peer_id == peer_id), None)

    def _make_publication(self, source: Source, kind: Kind) -> RemotePublication:
        return RemotePublication(source, kind, self._sync.run_in_background)

    def _listen_to_server(self) -> None:
        self._roster.listen_to(self._signaling)
        self._media.listen_to(self._signaling)
        on = self._signaling.on
        on(Announcement, lambda push: self.emit("announcement", push.data))
        on(AudienceChanged, lambda push: self._set_audience(push.count))
        on(ProducerClosed, self._on_producer_closed)
        on(ConsumerClosed, self._on_consumer_closed)
        on(TransportClosed, self._on_transport_closed)
        on(PeerMoved, self._on_moved)
        on(RoomClosed, self._on_room_closed)
        on(Admitted, self._on_admitted)

    def _on_producer_closed(self, push: ProducerClosed) -> None:
        source = self._media.producer_closed(push.producer_id)
        if source is not None and push.reason in _STOPPED:
            self._tasks.spawn(self.local.unpublish(source))
        elif source is not None:
            self._sync.run_later()
        self._roster.remove_producer(push.producer_id)

    def _on_consumer_closed(self, push: ConsumerClosed) -> None:
        self._media.consumer_closed(push.consumer_id)
        self._sync.run_later()

    def _on_transport_closed(self, push: TransportClosed) -> None:
        if self._media.transport_closed(push.transport_id):
            self._disrupted("transport")
            self._sync.run_in_background()

    def _on_moved(self, _push: PeerMoved) -> None:
        self._media.moved()
        self._disrupted("moved")
        self._sync.run_in_background()

    def _on_room_closed(self, push: RoomClosed) -> None:
        if push.reason in _CLOSED:
            reason, error = _CLOSED[push.reason]
            self._end(reason, None if error is None else CallError(*error))
            return
        # The server lost this peer, but not its socket: joins again on the same socket.
        self._session.forget()
        self._media.context.active = False
        self._disrupted("socket")
        self._on_connected()

    def _on_admitted(self, push: Admitted) -> None:
        if self.state == "waiting":
            self._entered(push.room)
            self._sync.run_in_background()

    def _on_connected(self) -> None:
        self._lifecycle.start_generation()
        self._tasks.spawn(self._start_session(self._lifecycle.present()))

    def _on_disconnected(self, refusal: CallError | None) -> None:
        if refusal is not None:
            self._fail(refusal)
            return
        self._lifecycle.start_generation()
        self._media.context.active = False
        self._speech.silence()
        self._disrupted("socket")

    async def _start_session(self, is_current: Callable[[], bool]) -> None:
        """Resumes or joins; retries while the error is retryable."""
        while is_current():
            try:
                await self._session.start(is_current, self._session_started)
                break
            except Exception as failure:  # noqa: BLE001  any failure to start ends the call
                error = CallError.of(failure)
                if not is_current():
                    return
                if not error.retryable:
                    self._fail(error)
                    return
            await asyncio.sleep(RETRY)
        if is_current() and self._media.context.active:
            await self._sync.run_and_report()

    def _session_started(self, session: SessionResumed | RoomJoined) -> None:
        """Applies the snapshot, before any event that follows it."""
        self.local.peer_id = session.peer_id
        if session.waiting:
            self._roster.apply_snapshot([])
            self.moderation.apply_snapshot(None)
            self._lifecycle.stop_timeout()
            self._lifecycle.transition("wait")
        else:
            self._entered(session)

    def _entered(self, session: SessionResumed | RoomJoined) -> None:
        """This client is in the room."""
        self._media.context.active = True
        if isinstance(session, SessionResumed):
            self._media.apply_snapshot(session)
        self._roster.apply_snapshot(session.peers)
        self.moderation.apply_snapshot(session.moderation)
        self._set_audience(session.audience)
        if self._lifecycle.transition("joined"):
            self._lifecycle.stop_timeout()
            if self._joined is not None and not self._joined.done():
                self._joined.set_result(None)

    def _set_audience(self, count: int) -> None:
        if count != self._audience:
            self._audience = count
            self.emit("audience", count)

    def _disrupted(self, cause: ReconnectCause) -> None:
        self._lifecycle.cause = cause
        if self._lifecycle.transition("lost"):
            self._lifecycle.start_timeout(RECONNECT_TIMEOUT)
            self.emit("reconnecting", cause)
        elif self.state == "waiting":
            self._lifecycle.start_timeout(RECONNECT_TIMEOUT)

    async def _sync_media(self) -> None:
        await self._sync.run()

    def _listen_to(self, participant: Participant[Any]) -> None:
        self._listeners[participant] = [
            participant.on("published", lambda publication: self.emit("published", participant, publication)),
            participant.on("unpublished", lambda publication: self.emit("unpublished", participant, publication)),
            participant.on("changed", lambda: self.emit("changed", participant)),
        ]

    def _state_changed(self, state: CallState, previous: CallState) -> None:
        self.local.set_connected(state != "reconnecting")
        self.emit("state", state, previous)

    def _fail(self, error: CallError) -> None:
        self._end("failed" if self.state == "connecting" else "lost", error)

    def _end(
        self, reason: EndReason, error: CallError | None = None, *, pending: Coroutine[Any, Any, Any] | None = None
    ) -> None:
        """`pending` is a request to finish before the socket closes."""
        if self.state == "ended":
            if pending is not None:
                pending.close()
            return
        self._lifecycle.ended = Ended(reason, error)
        self._lifecycle.start_generation()
        self._lifecycle.transition("end")
        self._lifecycle.stop_timeout()
        self.local.end()
        self._speech.silence()
        self._media.drop()
        self._roster.apply_snapshot([])
        if self._joined is not None and not self._joined.done():
            code = "cancelled" if reason == "left" else reason
            self._joined.set_exception(error or CallError(code, "The call ended before it was joined."))
        self._closing = asyncio.create_task(self._close(pending), name="call-close")
        self.emit("ended", reason, error)

    async def _close(self, pending: Coroutine[Any, Any, Any] | None) -> None:
        if pending is not None:
            with contextlib.suppress(CallError):
                await pending
        await self._media.close()
        await self._signaling.close()
        self._tasks.cancel()
