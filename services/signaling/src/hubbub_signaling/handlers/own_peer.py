"""What the changes of a room mean for the client's own peer: moved, claimed, admitted, muted, stopped, removed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.records import PeerRecord
from hubbub_contracts.socket import moderation, producer, room, transport

from ..domain.authorization import may_publish
from ..domain.owned_resources import OwnedResources
from ..domain.peer_nodes import all_nodes_of, nodes_of, standby_of
from ..domain.ports import ClientSocket, SessionTelemetry
from ..domain.pushes import Audience, lobby_peer
from ..domain.roles import assigned_role
from ..domain.room_view import (
    ROOM_LOST,
    PeerAdmitted,
    PeerClaimed,
    PeerRemoved,
    PlacementChanged,
    ProducerAdded,
    ProducerRemoved,
    RoleChanged,
    RoomRemoved,
    ViewChange,
)
from ..domain.session_settings import SessionSettings
from ..domain.session_state import ENTERED, SessionEvent, SessionState, SessionStateMachine
from .admission import Admission
from .context import RequestContext
from .entering import room_joined
from .forced_close import STOPPED, close_forbidden, close_removed
from .membership import RoomMembership
from .session_access import SessionAccess
from .standby import close_transports

OWN_CHANGES = (
    PeerRemoved,
    PeerClaimed,
    PlacementChanged,
    PeerAdmitted,
    ProducerRemoved,
    ProducerAdded,
    RoleChanged,
)
"""The changes of the client's own peer that mean something for its session."""
_REMOVED_BECAUSE: Mapping[str, room.RoomClosedReason] = {
    "kicked": "removed",
    "banned": "banned",
    "refused": "refused",
    "room_closed": "closed",
}
"""Why the registry removed the peer -> what the client is told."""
_GONE = HubbubError(ErrorCode.ROOM_NOT_FOUND, "the room was closed")
_REFUSED: Mapping[room.RoomClosedReason, HubbubError] = {
    "refused": HubbubError(ErrorCode.NOT_ADMITTED, "a moderator refused the client"),
    "removed": HubbubError(ErrorCode.NOT_ADMITTED, "a moderator refused the client"),
    "banned": HubbubError(ErrorCode.BANNED, "a moderator banned this user from the room"),
}
"""The same, for a client whose join is not answered yet."""


class PeerSession(Protocol):
    """The session that serves the peer."""

    def run_in_background(self, work: Callable[[RequestContext], Awaitable[None]]) -> None:
        """Runs work on the session's resources among its requests, unless its membership ends before."""

    def replaced(self) -> None:
        """Another session serves the peer."""

    def evicted(self) -> None:
        """The peer is no longer in the room."""

    def push_active_speaker(self) -> None:
        """Reports the active speaker to a client that has just joined."""

    def on_media_gap(self) -> None:
        """See `RequestingSession`."""


class OwnPeer:
    """The peer of one session."""

    def __init__(
        self,
        session: PeerSession,
        client: ClientSocket,
        access: SessionAccess,
        machine: SessionStateMachine,
        resources: OwnedResources,
        settings: SessionSettings,
        telemetry: SessionTelemetry,
    ) -> None:
        self.admission = Admission()
        self._session = session
        self._client = client
        self._access = access
        self._machine = machine
        self._resources = resources
        self._settings = settings
        self._telemetry = telemetry

    @property
    def follows_room(self) -> bool:
        """Whether the client gets the events of its room: not in the lobby, nor before the answer to its join."""
        return self._machine.state is SessionState.JOINED and not self.admission.pending

    def entered(self, membership: RoomMembership) -> None:
        """The registry has a record of the peer: in the room, or in its lobby."""
        waits = membership.record.waiting
        self._machine.apply(SessionEvent.JOIN_WAITS if waits else SessionEvent.JOIN_ACCEPTED)
        self._access.assign(assigned_role(membership.hub.view.rules, membership.record))

    def apply(self, changes: Sequence[ViewChange], membership: RoomMembership) -> None:
        """Does what the changes mean for the peer, and pushes those of the others to the client."""
        uprooted = any(_uproots(change, membership.peer_id) for change in changes)
        for change in changes:
            if not self._takes(change, membership, uprooted=uprooted) and self.follows_room:
                for push in membership.hub.pushes.of(change, self._audience(membership)):
                    self._client.push(push)

    def enforce_role(self) -> None:
        """Closes, in the background, what the client sends and may not send any more."""
        self._session.run_in_background(close_forbidden)

    def _takes(self, change: ViewChange, membership: RoomMembership, *, uprooted: bool) -> bool:
        """Does what a change means for the peer. Returns whether no event tells the client of it.

        `uprooted`: the same change takes the peer from a node, with the producers that it had there.
        """
        if isinstance(change, RoomRemoved):
            self._removed("lost" if change.reason == ROOM_LOST else "closed")
            return True
        if not isinstance(change, OWN_CHANGES) or change.peer.peer_id != membership.peer_id:
            return False
        match change:
            case PeerRemoved(_, reason):
                self._removed(_REMOVED_BECAUSE.get(reason, "lost"))
            case PeerClaimed(peer):
                if not membership.claim.holds(peer):
                    self._session.replaced()
            case PlacementChanged(peer, before):
                self._moved(before, peer, membership.hub.view.revision)
            case PeerAdmitted():
                self._admitted(membership)
            case ProducerRemoved(_, removed) if not uprooted:
                stop = partial(close_removed, producer_id=removed.producer_id, reason=STOPPED)
                self._session.run_in_background(stop)
            case ProducerAdded(_, added):
                # A role that changed during its `produce` may not allow it any more.
                if not may_publish(self._access.identity, added.kind, added.app_data, added.shows):
                    self.enforce_role()
            case RoleChanged():
                self._role_changed(membership)
                return False
        return True

    def _audience(self, membership: RoomMembership) -> Audience:
        return Audience(membership.peer_id, self._access.identity.grants.may_moderate)

    def push_move(self, membership: RoomMembership) -> None:
        """Tells a client that has just entered the room of a move of its peer that is under way."""
        peer = membership.hub.view.peers.get(membership.peer_id)
        if peer is not None and peer.leaving is not None and self.follows_room:
            self._push_move(peer, peer.leaving.deadline, make_before_break=True)

    def _moved(self, before: PeerRecord, peer: PeerRecord, revision: int) -> None:
        """The peer was placed on another node, at once or by a move, or its standby has changed.

        What is on a node that it has left is gone. A client that has ended the move, or its standby, itself owns
        nothing there any more. When its standby takes over, it hears of that, and of the producers without a copy. A
        move ends the standby, even one to the same node.
        """
        if self._machine.state is not SessionState.JOINED:
            return
        resources, now, lost = self._resources, int(time.time() * 1000), list[str]()
        stood_by, reason = resources.standby, _why_left(before, peer)
        taken_over = stood_by is not None and peer.leaving is None and peer.placement == stood_by
        if taken_over:
            lost = resources.take_over([each.producer_id for each in peer.producers])
        elif peer.placement != before.placement and peer.placement == resources.ended_standby:
            self._session.on_media_gap()  # the registry learnt too late that it has ended: what it has is not there
        elif stood_by is not None and stood_by in nodes_of(peer):
            ended = resources.end_standby()
            self._push_closed(ended, reason)
            self._session.run_in_background(partial(close_transports, placement=stood_by, transports=ended))
        if standby_of(peer) != resources.ended_standby:
            resources.ended_standby = None
        resources.follow(peer)
        self._push_closed(resources.retain(all_nodes_of(peer)), reason)
        if peer.leaving is not None:
            self._push_move(peer, peer.leaving.deadline, make_before_break=True)
        elif peer.placement != before.placement:
            self._push_move(peer, now, make_before_break=False, standby=taken_over)
        for producer_id in lost:
            reason = "transport_closed"
            self._client.push(
                producer.ProducerClosed(producer_id=producer_id, peer_id=peer.peer_id, reason=reason, revision=revision)
            )
        if taken_over:
            self._telemetry.peer_taken_over()
            self._session.on_media_gap()  # it may have lost what nobody was told of

    def _push_closed(self, transport_ids: Sequence[str], reason: str) -> None:
        for transport_id in transport_ids:
            self._client.push(transport.TransportClosed(transport_id=transport_id, reason=reason))

    def _push_move(self, peer: PeerRecord, deadline: int, *, make_before_break: bool, standby: bool = False) -> None:
        if peer.placement is not None:
            self._client.push(
                room.PeerMoved(
                    node_id=peer.placement.node_id,
                    deadline=deadline,
                    make_before_break=make_before_break,
                    standby=standby,
                )
            )

    def _admitted(self, membership: RoomMembership) -> None:
        """A moderator admitted the client: the answer to its join, or an event, contains the room."""
        self._machine.apply(SessionEvent.ADMITTED)
        if self.admission.pending:
            self.admission.admit()
            return
        ice_servers = self._settings.ice_servers.for_peer(membership.peer_id, time.time())
        self._client.push(room.Admitted(room=room_joined(membership, self._audience(membership), ice_servers)))
        self._session.push_active_speaker()

    def _role_changed(self, membership: RoomMembership) -> None:
        """Applies the role that a moderator gave to the client's user. A new moderator sees the lobby."""
        view, before = membership.hub.view, self._audience(membership).moderator
        self._access.assign(assigned_role(view.rules, membership.record))
        self.enforce_role()
        if self.follows_room and self._audience(membership).moderator and not before:
            for peer in view.peers.values():
                if peer.waiting:
                    self._client.push(moderation.LobbyPeerJoined(peer=lobby_peer(peer), revision=view.revision))

    def _removed(self, reason: room.RoomClosedReason) -> None:
        """The room was removed, or this peer was removed from it by the registry or a moderator."""
        if self._machine.state not in ENTERED:
            return
        self._machine.apply(SessionEvent.LEFT)
        if self.admission.pending:
            self.admission.refuse(_REFUSED.get(reason, _GONE))
        else:
            self._client.push(room.RoomClosed(reason=reason))
        self._session.evicted()


def _why_left(before: PeerRecord, peer: PeerRecord) -> str:
    """The reason of `transportClosed` for what is on a node that is the peer's no more."""
    moves = before.leaving is not None or peer.leaving is not None
    return "node_draining" if moves and before.placement in nodes_of(peer) else "node_lost"


def _uproots(change: ViewChange, own_peer_id: str) -> bool:
    if isinstance(change, PlacementChanged) and change.peer.peer_id == own_peer_id:
        return not set(nodes_of(change.before)) <= set(nodes_of(change.peer))
    return isinstance(change, PeerRemoved) and change.peer.peer_id == own_peer_id
