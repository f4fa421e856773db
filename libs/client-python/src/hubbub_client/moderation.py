"""What moderators decide in the room, who waits in its lobby, and raised hands.

- The server decides and enforces. This object shows what it has decided, and asks it to decide.
- A muted source stays muted until a moderator lifts that, also after a rejoin. Nobody else switches a microphone on:
  who is asked to unmute decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from hubbub_contracts.base import Done
from hubbub_contracts.socket import moderation as socket
from hubbub_contracts.socket.base import ClientRequest

from .emitter import Emitter
from .local_participant import LocalParticipant
from .participant import Participant, RemoteParticipant, Role
from .publication import Source
from .signaling import Signaling

LobbyPeer = socket.LobbyPeer

ModerationEvent = Literal["muted", "unmute_requested", "knocked", "changed"]
"""- `muted(source)`: a moderator muted a source of this client
- `unmute_requested(source, asked_by)`: a moderator asks this client to send a source again, which it may now
- `knocked(peer)`: somebody waits in the lobby; moderators get this
- `changed()`: `locked`, `lobby` or `waiting` changed"""


class Moderation(Emitter[ModerationEvent]):
    """The moderation of one call. The methods raise CallError: `not_allowed` unless this client is a moderator."""

    def __init__(
        self, signaling: Signaling, local: LocalParticipant, find: Callable[[str], Participant[Any] | None]
    ) -> None:
        """`find` returns the participant with a peer id, the local one included."""
        super().__init__()
        self._signaling = signaling
        self._local = local
        self._find = find
        self.locked = False
        """Whether nobody new may join."""
        self.lobby = False
        """Whether who joins waits until a moderator admits them."""
        self.waiting: Sequence[LobbyPeer] = ()
        """Who waits in the lobby; empty unless this client is a moderator."""
        on = signaling.on
        on(socket.PeerMuted, self._on_muted)
        on(socket.RoleChanged, lambda one: self._set_role(one.peer_id, one.role))
        on(socket.HandRaised, lambda one: self._set_hand(one.peer_id, one.raised_at))
        on(socket.HandLowered, lambda one: self._set_hand(one.peer_id, None))
        on(socket.UnmuteRequested, lambda one: self.emit("unmute_requested", one.source, one.asked_by))
        on(socket.RoomAccessChanged, lambda one: self._set_access(locked=one.locked, lobby=one.lobby))
        on(socket.LobbyPeerJoined, self._on_knocked)
        on(socket.LobbyPeerLeft, lambda one: self._set_waiting(self._others(one.peer_id)))

    @property
    def is_moderator(self) -> bool:
        """Whether this client may decide."""
        return self._local.role == "moderator"

    async def mute(self, participant: Participant[Any], source: Source) -> None:
        """Mutes a source of a participant: whatever the user sends of it, until `unmute`."""
        await self._decide(socket.MutePeer(peer_id=participant.peer_id, source=source))

    async def unmute(self, participant: Participant[Any], source: Source) -> None:
        """Lifts a mute, and asks the participant to send the source again."""
        await self._decide(socket.UnmutePeer(peer_id=participant.peer_id, source=source))

    async def stop(self, participant: Participant[Any], source: Source) -> None:
        """Stops a source of a participant, such as a shared screen. The participant may start it again."""
        await self._decide(socket.StopPeerSource(peer_id=participant.peer_id, source=source))

    async def remove(self, participant: RemoteParticipant | LobbyPeer, *, ban: bool = False) -> None:
        """Removes a participant. With `ban`, its user may not join again until the room ends."""
        await self._decide(socket.RemovePeer(peer_id=participant.peer_id, ban=ban))

    async def set_locked(self, locked: bool) -> None:
        """Locks or unlocks the room: nobody new may join a locked one."""
        await self._decide(socket.LockRoom(locked=locked))

    async def set_lobby(self, enabled: bool) -> None:
        """Switches the lobby on or off. Switching it off admits everybody who waits."""
        await self._decide(socket.SetLobby(enabled=enabled))

    async def admit(self, peer: LobbyPeer) -> None:
        """Admits somebody from the lobby. Raises CallError `not_found`, `quota_exceeded` if the room is full."""
        await self._decide(socket.AdmitPeer(peer_id=peer.peer_id))

    async def refuse(self, peer: LobbyPeer) -> None:
        """Refuses somebody in the lobby."""
        await self._decide(socket.RefusePeer(peer_id=peer.peer_id))

    async def set_role(self, participant: Participant[Any], role: Role) -> None:
        """Gives a participant another role, until the room ends."""
        await self._decide(socket.SetRole(peer_id=participant.peer_id, role=role))

    async def close_room(self) -> None:
        """Ends the call for everybody."""
        await self._decide(socket.CloseRoom())

    async def raise_hand(self) -> None:
        """Raises the own hand. Every participant may."""
        await self._decide(socket.RaiseHand())

    async def lower_hand(self, participant: Participant[Any] | None = None) -> None:
        """Lowers the own hand, or as a moderator that of another participant."""
        await self._decide(socket.LowerHand(peer_id=None if participant is None else participant.peer_id))

    def apply_snapshot(self, state: socket.ModerationState | None) -> None:
        """Internal. Replaces the state; None: of a server without moderation, or of its lobby."""
        if state is None:
            self._local.set_standing(role=None, muted=(), hand_raised_at=None)
            self._set_access(locked=False, lobby=False)
            self._set_waiting(())
            return
        self._local.set_standing(role=state.role, muted=state.muted, hand_raised_at=state.hand_raised_at)
        for source in self._local.muted_by_moderator:
            self._local.silence(source)
        self._set_access(locked=state.locked, lobby=state.lobby)
        self._set_waiting(state.waiting)

    async def _decide(self, request: ClientRequest[Done]) -> None:
        await self._signaling.request(request)

    def _on_muted(self, push: socket.PeerMuted) -> None:
        participant = self._find(push.peer_id)
        if participant is None or push.source == "other":
            return
        participant.set_muted_by_moderator(push.source, muted=push.muted)
        if push.muted and participant is self._local:
            self._local.silence(push.source)
            self.emit("muted", push.source)

    def _on_knocked(self, push: socket.LobbyPeerJoined) -> None:
        self._set_waiting((*self._others(push.peer.peer_id), push.peer))
        self.emit("knocked", push.peer)

    def _set_role(self, peer_id: str, role: str) -> None:
        participant = self._find(peer_id)
        if participant is not None:
            participant.set_standing(
                role=role, muted=participant.muted_by_moderator, hand_raised_at=participant.hand_raised_at
            )
            if participant is self._local and not self.is_moderator:
                self._set_waiting(())

    def _set_hand(self, peer_id: str, raised_at: int | None) -> None:
        participant = self._find(peer_id)
        if participant is not None:
            participant.set_standing(
                role=participant.role, muted=participant.muted_by_moderator, hand_raised_at=raised_at
            )

    def _set_access(self, *, locked: bool, lobby: bool) -> None:
        self.locked, self.lobby = locked, lobby
        self.emit("changed")

    def _set_waiting(self, waiting: Sequence[LobbyPeer]) -> None:
        self.waiting = tuple(waiting)
        self.emit("changed")

    def _others(self, peer_id: str) -> tuple[LobbyPeer, ...]:
        return tuple(each for each in self.waiting if each.peer_id != peer_id)
