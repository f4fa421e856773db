"""From stored changes to events: each difference once, in order, with consecutive numbers in a room."""

from __future__ import annotations

import pytest

from hubbub_contracts import ids
from hubbub_contracts.bus.call_records import CallRecord, ParticipantRecord
from hubbub_contracts.bus.recording_records import CompositionRecord, RecordingRecord
from hubbub_contracts.bus.records import RoomRecord
from hubbub_webhooks.domain.stored_change import CallWritten, RecordingWritten, RoomWritten, StoredChange
from hubbub_webhooks.domain.teller import Teller
from support.webhook_changes import AT, CALL, ROOM, events, peer, peer_gone, room, room_gone, shown, tell

CASES: list[tuple[str, list[StoredChange], list[str]]] = [
    ("a room", [room(), room(), room_gone()], ["room.started", "room.ended"]),
    ("a peer", [room(), peer("ann"), peer_gone("ann")], ["room.started", "peer.joined ann", "peer.left ann"]),
    (
        "tracks come and go",
        [room(), peer("ann", "a"), peer("ann", "a", "b"), peer("ann", "b")],
        ["room.started", "peer.joined ann", "track.published a", "track.published b", "track.unpublished a"],
    ),
    (
        "who leaves takes the tracks along",
        [room(), peer("ann", "a"), peer_gone("ann")],
        ["room.started", "peer.joined ann", "track.published a", "track.unpublished a", "peer.left ann"],
    ),
    (
        "a room ends with those in it, whose own records follow",
        [room(), peer("ann"), room_gone(), peer_gone("ann")],
        ["room.started", "peer.joined ann", "peer.left ann", "room.ended"],
    ),
    ("a hidden peer", [room(), peer("bot", role="recorder"), peer_gone("bot")], ["room.started"]),
    (
        "a peer that is admitted from the lobby",
        [room(), peer("ann", role="waiting"), peer("ann")],
        ["room.started", "peer.joined ann"],
    ),
    ("a peer that left before it was seen", [room(), peer_gone("ann")], ["room.started"]),
    ("a leftover of a room that is gone", [peer("ann"), peer_gone("ann")], []),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_changes_of_a_room(changes: list[StoredChange], expected: list[str]) -> None:
    told = tell(Teller((), ()), changes)
    assert shown(told) == expected
    assert [event.data.seq for event in told] == list(range(1, len(expected) + 1))
    assert {event.data.call_id for event in told} <= {CALL}


def test_reason_of_a_departure_is_told() -> None:
    told = tell(Teller((), ()), [room(), peer("ann"), peer_gone("ann", "removed")])
    assert told[-1].data.reason == "removed"


def test_known_changes_are_told_once() -> None:
    teller = Teller((), ())
    tell(teller, [room(), peer("ann")])
    assert tell(teller, [room(), peer("ann")]) == []
    assert shown(tell(teller, [peer("ben")], first=3)) == ["peer.joined ben"]


def test_another_process_goes_on_with_what_was_told() -> None:
    first = Teller((), ())
    tell(first, [room(), peer("ann", "a")])
    told = tell(Teller(first.rooms, ()), [peer_gone("ann")], first=3)
    assert shown(told) == ["track.unpublished a", "peer.left ann"]
    assert [event.data.seq for event in told] == [4, 5]


def test_endpoint_gets_what_it_wants_without_gaps() -> None:
    told = tell(Teller((), ["peer.joined", "peer.left"]), [room(), peer("ann", "a"), peer_gone("ann")])
    assert shown(told) == ["peer.joined ann", "peer.left ann"]
    assert [event.data.seq for event in told] == [1, 2]


def test_endpoint_of_a_tenant_is_told_of_its_rooms_only() -> None:
    ours, others = ids.room_id(CALL, "ours"), ids.room_id(CALL, "others")
    teller = Teller((), (), lambda room_id: ids.tenant(room_id) == "ours")
    record = RoomRecord(room_id=ours, call_id=CALL, codec_profile="1", created_at=1)
    told = tell(teller, [RoomWritten(others, record), RoomWritten(ours, record), room()])
    assert [(event.type, event.data.tenant) for event in told] == [("room.started", "ours")]


def test_listing_tells_the_difference() -> None:
    teller = Teller((), ())
    tell(teller, [room(), peer("ann", "a"), peer("ben"), room("other"), peer("eve", call_id="other")])
    present: list[tuple[int, StoredChange]] = [(6, room()), (8, peer("ann", "b")), (9, peer("cem"))]
    teller.apply_listing("rooms", present, 12, AT)
    told = teller.take(2, 2_000)
    assert sorted(shown(events(told))) == sorted(
        [
            "track.unpublished a",
            "track.published b",
            "peer.joined cem",
            "peer.left ben",
            "peer.left eve",
            "room.ended",
        ]
    )
    assert tell(teller, [peer("ben")], first=12) == [], "a change that the listing includes"


def test_room_that_is_idle_is_forgotten_later() -> None:
    teller = Teller((), ())
    tell(teller, [room(), room_gone()])
    teller.forget_idle(1_000)
    assert [told.room_id for told in teller.rooms] == [ROOM]
    teller.forget_idle(1_001)
    assert list(teller.rooms) == []


def call(state: str, group_id: str | None = None) -> CallWritten:
    return CallWritten(
        "key",
        CallRecord(
            call_id=CALL,
            state=state,  # type: ignore[arg-type]
            caller_id="ann",
            caller_name="Ann",
            group_id=group_id,
            participants=[ParticipantRecord(user_id="ann", state="accepted")],
            created_at=1,
        ),
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([call("ringing"), call("active"), call("ended")], ["call.started", "call.answered", "call.ended"]),
        ([call("ringing"), call("ringing"), call("ended")], ["call.started", "call.ended"]),
        ([call("active", "team"), call("ended", "team")], ["call.started", "call.ended"]),
        ([call("ringing"), CallWritten("key", None)], ["call.started", "call.ended"]),
        ([call("ringing"), call("ended"), CallWritten("key", None)], ["call.started", "call.ended"]),
    ],
)
def test_changes_of_a_call(changes: list[StoredChange], expected: list[str]) -> None:
    assert shown(tell(Teller((), ()), changes, "calls")) == expected


def recording(state: str, *compositions: str) -> RecordingWritten:
    made = [
        CompositionRecord(
            composition_id=f"c{number}",
            layout="grid",
            format="mp4",
            audio_only=False,
            width=1280,
            height=720,
            state=each,  # type: ignore[arg-type]
            requested_at=1,
        )
        for number, each in enumerate(compositions)
    ]
    return RecordingWritten(
        RecordingRecord(
            recording_id="r1",
            call_id=CALL,
            room_id=ROOM,
            state=state,  # type: ignore[arg-type]
            audio_only=False,
            started_at=1,
            recorder_id="n",
            recorder_epoch=1,
            ticket_key="secret of the tickets",
            compositions=made,
        )
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [recording("recording"), recording("processing"), recording("finished")],
            ["recording.started", "recording.stopped", "recording.finished"],
        ),
        ([recording("finished")], ["recording.started", "recording.stopped", "recording.finished"]),
        (
            [recording("recording", "running"), recording("recording", "done"), recording("processing", "done")],
            ["recording.started", "composition.finished", "recording.stopped"],
        ),
    ],
)
def test_changes_of_a_recording(changes: list[StoredChange], expected: list[str]) -> None:
    told = tell(Teller((), ()), changes, "recordings")
    assert shown(told) == expected
    assert not any("secret of the tickets" in event.model_dump_json() for event in told)
