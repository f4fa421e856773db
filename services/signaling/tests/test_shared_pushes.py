"""Clients that are told the same share the events of a change."""

from __future__ import annotations

from collections.abc import Iterable

from hubbub_contracts.bus.moderation_records import UNMODERATED
from hubbub_contracts.socket.base import Push
from hubbub_signaling.domain.pushes import Audience
from hubbub_signaling.domain.room_view import AccessChanged, PeerAdded, RoomView
from hubbub_signaling.domain.shared_pushes import SharedPushes
from support.registry_records import peer_record

ANN, BOB = Audience("ann"), Audience("bob")
MODERATOR = Audience("mod", moderator=True)


def view() -> RoomView:
    """A room after some changes."""
    view = RoomView()
    view.revision = 7
    return view


def events(shared: SharedPushes, change: PeerAdded, audience: Audience) -> list[str]:
    return [push.event for push in shared.of(change, audience)]


def only(pushes: Iterable[Push]) -> Push:
    (push,) = pushes
    return push


def test_an_event_is_made_once_for_all_who_are_told_it() -> None:
    shared, change = SharedPushes(view()), PeerAdded(peer_record("carl"))
    assert only(shared.of(change, ANN)) is only(shared.of(change, BOB))
    assert events(shared, change, ANN) == ["peerJoined"]


def test_who_joined_is_told_nothing_of_it() -> None:
    shared, change = SharedPushes(view()), PeerAdded(peer_record("ann"))
    assert events(shared, change, BOB) == ["peerJoined"]
    assert events(shared, change, ANN) == []


def test_moderators_alone_see_the_lobby() -> None:
    waiting = peer_record("carl").model_copy(update={"role": "waiting"})
    shared, change = SharedPushes(view()), PeerAdded(waiting)
    assert events(shared, change, ANN) == []
    assert events(shared, change, MODERATOR) == ["lobbyPeerJoined"]
    assert events(shared, change, BOB) == []


def test_equal_changes_have_events_of_their_own() -> None:
    shared = SharedPushes(view())
    pushes = [only(shared.of(AccessChanged(UNMODERATED), ANN)) for _ in range(10)]
    assert len({id(push) for push in pushes}) == 10
