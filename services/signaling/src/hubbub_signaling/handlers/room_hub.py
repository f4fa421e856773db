"""The rooms of this instance's sessions. All sessions in a room share one replica of it.

Rules
- A hub is opened by its first user and closed when the last one releases it.
- Listeners get the differences that each change and each snapshot makes. Those of a peer that the others do not see go
  to its own listener only: a join in an audience of thousands concerns none of them.
- How many are in the audience is told to all, seldom (`AudienceNews`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from hubbub_contracts.bus.captions import CaptionChanged, CaptionEvent, CaptionsLimited
from hubbub_contracts.bus.room import GetRoom, RoomAnnounced
from hubbub_contracts.bus.speaker import ActiveSpeakerChanged, AudioLevelsChanged, SpeakerEvent
from hubbub_contracts.socket.base import Push
from hubbub_contracts.socket.captions import Captions, CaptionsState, CaptionsStatus
from hubbub_contracts.socket.room import Announcement, AudienceChanged
from hubbub_contracts.socket.speaker import ActiveSpeaker, AudioLevels
from hubbub_room import FeedChange, RoomReplica, RoomState, Subscription
from hubbub_service import Tasks, report_failure

from ..domain.audience_news import AudienceNews
from ..domain.ports import Backend
from ..domain.pushes import is_private
from ..domain.room_view import ROOM_CHANGES, RoomView, ViewChange
from ..domain.shared_pushes import SharedPushes

RESYNC_DELAY = 1.0
"""Seconds between a gap in the feed and the request for a snapshot."""


class RoomListener(Protocol):
    """A session in the room."""

    def on_changes(self, changes: Sequence[ViewChange]) -> None:
        """The room changed. The hub's view contains the changes."""

    def on_room_event(self, push: Push) -> None:
        """Something happened in the room that its records do not contain: somebody speaks, or nobody any more."""

    def on_changes_missed(self) -> None:
        """`on_changes` raised an exception, so its changes are lost."""


class RoomHub:
    """The view of one room and its listeners. Implements `hubbub_room.Projection`."""

    def __init__(self, room_id: str, backend: Backend) -> None:
        self.room_id = room_id
        self.view = RoomView()
        self.pushes = SharedPushes(self.view)
        """Of the changes that the listeners were told last."""
        self.listeners: set[RoomListener] = set()
        self._of_peer: dict[str, set[RoomListener]] = {}
        """The listeners by the peer that they serve."""
        self._audience = 0
        """As the listeners that enter now are answered."""
        self._audience_news = AudienceNews()
        self._audience_timer: asyncio.TimerHandle | None = None
        self.active_speaker: ActiveSpeaker | None = None
        self.captions = CaptionsState(on=False)
        self._backend = backend
        self._subscriptions: list[Subscription] = []
        self.replica = RoomReplica(
            partial(backend.watch_room, room_id),
            partial(backend.registry, GetRoom(room_id=room_id)),
            self,
            delay=RESYNC_DELAY,
        )

    @property
    def captions_status(self) -> CaptionsStatus | None:
        """The room's captions. None: they are off."""
        return CaptionsStatus(limited=self.captions.limited) if self.captions.on else None

    async def open(self) -> None:
        """Starts the feeds. Raises HubbubError."""
        await self.replica.open()
        self._subscriptions.append(await self._backend.watch_speakers(self.room_id, self._on_speakers))
        self._subscriptions.append(await self._backend.watch_captions(self.room_id, self._on_captions))
        self._subscriptions.append(await self._backend.watch_announcements(self.room_id, self._on_announcement))

    def enter(self, peer_id: str, listener: RoomListener) -> None:
        """The listener serves this peer, and gets all changes from now on."""
        self.listeners.add(listener)
        self._of_peer.setdefault(peer_id, set()).add(listener)

    def leave(self, peer_id: str, listener: RoomListener) -> None:
        """The listener gets nothing any more."""
        self.listeners.discard(listener)
        serving = self._of_peer.get(peer_id, set())
        serving.discard(listener)
        if not serving:
            self._of_peer.pop(peer_id, None)

    async def stop(self) -> None:
        """Ends the feeds, whether or not they could be opened."""
        if self._audience_timer is not None:
            self._audience_timer.cancel()
        for subscription in self._subscriptions:
            await subscription.stop()
        await self.replica.stop()

    def apply(self, change: FeedChange) -> None:
        """Applies a change of the feed."""
        self._notify(self.view.apply(change))

    def adopt(self, state: RoomState) -> None:
        """Replaces the view."""
        self._notify(self.view.adopt(state))

    def room_not_found(self) -> None:
        """Reports to the listeners that the registry does not know the room."""
        self._notify(self.view.remove())

    def _on_speakers(self, event: SpeakerEvent) -> None:
        """Reports speakers whom the view contains: the clients do not know others."""
        push: ActiveSpeaker | AudioLevels
        match event:
            case ActiveSpeakerChanged(speaker=speaker):
                if speaker.peer_id not in self.view.peers:
                    return
                push = self.active_speaker = ActiveSpeaker(peer_id=speaker.peer_id, volume=speaker.volume)
            case AudioLevelsChanged(levels=levels):
                push = AudioLevels(levels=[level for level in levels if level.peer_id in self.view.peers])
        self._push(push)

    def _on_captions(self, event: CaptionEvent) -> None:
        match event:
            case CaptionChanged():
                self._push(Captions(**event.model_dump(exclude={"type"})))
            case CaptionsLimited(limited=limited):
                self._set_captions(CaptionsState(on=self.captions.on, limited=limited and self.captions.on))

    def _on_announcement(self, event: RoomAnnounced) -> None:
        self._push(Announcement(data=event.data))

    def _set_captions(self, state: CaptionsState) -> None:
        if state != self.captions:
            self.captions = state
            self._push(state)

    def _push(self, push: Push) -> None:
        for listener in list(self.listeners):
            listener.on_room_event(push)

    def _notify(self, changes: list[ViewChange]) -> None:
        self.pushes = SharedPushes(self.view)
        if not changes:
            return
        for listener in self._concerned(changes):
            try:
                listener.on_changes(changes)
            except Exception as error:  # noqa: BLE001  a bug in one session must not keep changes from the others
                report_failure("a session missed changes of its room", error, room_id=self.room_id)
                listener.on_changes_missed()
        if self.view.captioned != self.captions.on:
            self._set_captions(CaptionsState(on=self.view.captioned))
        if self.view.audience != self._audience:
            self._audience = self.view.audience
            self._audience_changed()

    def _concerned(self, changes: Sequence[ViewChange]) -> list[RoomListener]:
        if not all(is_private(change) for change in changes):
            return list(self.listeners)
        peers = {change.peer.peer_id for change in changes if not isinstance(change, ROOM_CHANGES)}
        return [listener for peer_id in peers for listener in self._of_peer.get(peer_id, ())]

    def _audience_changed(self) -> None:
        if not self.listeners:  # who enters is answered with the number
            return
        self._audience_news.changed()
        if self._audience_timer is None:
            self._tell_audience()

    def _tell_audience(self) -> None:
        """Tells the listeners how many are in the audience, now or when they may be told."""
        loop, self._audience_timer = asyncio.get_running_loop(), None
        wait = self._audience_news.wait(self._audience, loop.time())
        if wait is None:
            return
        if wait > 0:
            self._audience_timer = loop.call_later(wait, self._tell_audience)
            return
        self._audience_news.told(loop.time())
        self._push(AudienceChanged(count=self._audience))


class _Entry:
    """A hub with the number of its users."""

    def __init__(self, hub: RoomHub) -> None:
        self.hub = hub
        self.users = 0
        self.opening = asyncio.create_task(hub.open(), name="open-room-hub")

    async def close(self) -> None:
        """Ends the feed, whether or not it could be opened."""
        await asyncio.wait({self.opening})
        if not self.opening.cancelled():
            self.opening.exception()  # reported to those who waited for it
        await self.hub.stop()


class RoomHubs:
    """The hubs of all rooms that have a session on this instance."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._entries: dict[str, _Entry] = {}
        self._closing = Tasks()

    async def acquire(self, room_id: str) -> RoomHub:
        """The room's hub, with an open feed. Call `release` once for each `acquire`. Raises HubbubError."""
        entry = self._entries.get(room_id)
        if entry is None:
            entry = self._entries[room_id] = _Entry(RoomHub(room_id, self._backend))
        entry.users += 1
        try:
            await asyncio.shield(entry.opening)
        except BaseException:
            await self.release(entry.hub)
            raise
        return entry.hub

    async def release(self, hub: RoomHub) -> None:
        """Ends one use of the hub. The last one closes it, even when the caller is cancelled."""
        entry = self._entries[hub.room_id]
        entry.users -= 1
        if entry.users == 0:
            del self._entries[hub.room_id]
            await asyncio.wait({self._closing.spawn(entry.close(), "close-room-hub")})

    def announce(self, revisions: Mapping[str, int]) -> None:
        """Compares the replicas with the revisions that the registry announces, to detect missed changes."""
        for room_id, revision in revisions.items():
            if entry := self._entries.get(room_id):
                entry.hub.replica.announce(revision)
