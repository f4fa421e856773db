"""The node pauses what a moderator muted, also without a signaling session."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.moderation_records import AssignedRole, Moderation, MutedSource
from hubbub_contracts.bus.producer import CreateProducer, PauseProducer, ProducerCreated, ResumeProducer
from hubbub_contracts.bus.records import PeerRecord, RoomRecord
from hubbub_contracts.room_options import RoomOptions
from hubbub_contracts.types import RoomRole, TrackSource
from hubbub_media_core import commands
from hubbub_media_node.domain.entities import source_of
from hubbub_media_node.handlers import producer
from hubbub_media_node.handlers.reconciliation import reconcile
from hubbub_room import PeerChanged, RoomState, SettingsChanged
from support.node_fakes import PLACEMENT, ROOM, NodeRig
from support.node_rig import fixture

AUDIO, VIDEO = fixture("chromium-156/produce-audio-opus.json"), fixture("chromium-156/produce-video-vp8.json")
RESUME = ResumeProducer(room_id=ROOM, peer_id="alice", producer_id="microphone")
PAUSE = PauseProducer(room_id=ROOM, peer_id="alice", producer_id="microphone")
ALICE = PeerRecord(
    room_id=ROOM,
    peer_id="alice",
    user_id="ann",
    display_name="",
    app_data={},
    joined_at=0,
    signaling_id="signaling",
    placement=PLACEMENT,
)


def settings(*muted: TrackSource, user_id: str = "ann") -> RoomRecord:
    rules = Moderation(muted=[MutedSource(user_id=user_id, source=each) for each in muted])
    return RoomRecord(room_id=ROOM, call_id="call", codec_profile="v1", created_at=0, moderation=rules)


class Rig(NodeRig):
    """Alice with a transport, in a room whose stored changes the test makes."""

    sequence = 10

    async def start(self) -> None:
        """Creates the transport; the replica knows the room."""
        await self.create_transport()
        self.replicas.projections[ROOM].adopt(RoomState(settings(), {"alice": ALICE}, self.sequence))

    async def mute(self, *sources: TrackSource, user_id: str = "ann") -> None:
        """A moderator's decision arrives."""
        self.change(*sources, user_id=user_id)
        await self.finish_tasks()

    def change(self, *sources: TrackSource, user_id: str = "ann") -> None:
        self.sequence += 1
        record = settings(*sources, user_id=user_id)
        self.replicas.projections[ROOM].apply(SettingsChanged(self.sequence, record, ""))

    async def produce(self, source: TrackSource | None) -> ProducerCreated:
        """Creates a producer whose id is its source."""
        track = VIDEO if source in ("camera", "screen") else AUDIO
        rtp = {**track["rtpParameters"], "mid": source}
        return await producer.create(
            self.context,
            CreateProducer(
                room_id=ROOM,
                peer_id="alice",
                transport_id="transport",
                producer_id=source or "unnamed",
                kind=track["kind"],
                rtp_parameters=rtp,
                paused=False,
                source=source,
            ),
        )

    def paused(self) -> set[str]:
        """The producers that the node considers paused; the core got a command for each."""
        return {each.id for each in self.context.entities.producers.values() if each.paused}


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    await rig.start()
    return rig


async def test_a_mute_pauses_its_source_and_no_other(rig: Rig) -> None:
    for source in ("microphone", "screen-audio", "camera"):
        await rig.produce(source)
    await rig.mute("microphone", user_id="bob")
    assert rig.paused() == set()
    await rig.mute("microphone")
    assert rig.paused() == {"microphone"}
    assert len(rig.sent(commands.PauseProducer)) == 1
    await rig.mute("microphone", "camera")
    assert rig.paused() == {"microphone", "camera"}


async def test_a_muted_source_comes_up_paused(rig: Rig) -> None:
    await rig.mute("microphone")
    assert (await rig.produce("microphone")).paused
    assert not (await rig.produce("screen-audio")).paused
    assert rig.paused() == {"microphone"}


async def test_a_muted_source_cannot_be_resumed_until_the_mute_is_lifted(rig: Rig) -> None:
    await rig.produce("microphone")
    await rig.mute("microphone")
    with pytest.raises(HubbubError) as caught:
        await producer.resume(rig.context, RESUME)
    assert caught.value.code is ErrorCode.MUTED
    await rig.mute()
    assert rig.paused() == {"microphone"}, "nothing is switched on"
    await producer.resume(rig.context, RESUME)
    assert rig.paused() == set()


async def test_a_mute_that_arrives_while_the_core_resumes_wins(rig: Rig) -> None:
    await rig.produce("microphone")
    await producer.pause(rig.context, PAUSE)
    rig.core.pending = asyncio.Event()
    resuming = asyncio.ensure_future(producer.resume(rig.context, RESUME))
    while not rig.sent(commands.ResumeProducer):
        await asyncio.sleep(0)
    rig.change("microphone")
    rig.core.pending.set()
    with pytest.raises(HubbubError) as caught:
        await resuming
    assert caught.value.code is ErrorCode.MUTED
    assert rig.paused() == {"microphone"}
    assert rig.core.commands[-1] == rig.sent(commands.PauseProducer)[-1]


async def test_a_peer_that_becomes_known_after_its_producer_is_muted(rig: Rig) -> None:
    projection = rig.replicas.projections[ROOM]
    projection.adopt(RoomState(settings("microphone"), {}, 20))
    await rig.produce("microphone")
    assert rig.paused() == set()
    projection.apply(PeerChanged(21, "alice", ALICE, ""))
    await rig.finish_tasks()
    assert rig.paused() == {"microphone"}


async def test_a_failed_pause_is_repeated(rig: Rig) -> None:
    await rig.produce("microphone")
    rig.core.errors[commands.PauseProducer] = "busy"
    await rig.mute("microphone")
    assert rig.paused() == set()
    del rig.core.errors[commands.PauseProducer]
    reconcile(rig.context, 100)
    await rig.finish_tasks()
    assert rig.paused() == {"microphone"}


@pytest.mark.parametrize(
    ("kind", "is_microphone", "source", "found"),
    [
        ("audio", True, None, "microphone"),
        ("audio", False, None, "screen-audio"),
        ("audio", True, "screen-audio", "screen-audio"),
        ("video", True, None, "camera"),
        ("video", True, "screen", "screen"),
    ],
)
def test_the_source_of_a_producer(kind: str, is_microphone: bool, source: str | None, found: str) -> None:
    request = CreateProducer.model_validate(
        {
            "roomId": ROOM,
            "peerId": "alice",
            "transportId": "t",
            "producerId": "p",
            "kind": kind,
            "rtpParameters": {},
            "paused": False,
            "isMicrophone": is_microphone,
            "source": source,
        }
    )
    assert source_of(request) == found


async def test_all_producers_of_a_listener_are_paused(rig: Rig) -> None:
    for source in ("microphone", "camera"):
        await rig.produce(source)
    projection = rig.replicas.projections[ROOM]
    cases: tuple[tuple[RoomRole, set[str]], ...] = (("speaker", set()), ("listener", {"microphone", "camera"}))
    for role, paused in cases:
        rules = Moderation(roles=[AssignedRole(user_id="bob", role="listener"), AssignedRole(user_id="ann", role=role)])
        rig.sequence += 1
        projection.apply(SettingsChanged(rig.sequence, settings().model_copy(update={"moderation": rules}), ""))
        await rig.finish_tasks()
        assert rig.paused() == paused
    assert (await rig.produce("screen")).paused
    with pytest.raises(HubbubError) as caught:
        await producer.resume(rig.context, RESUME)
    assert caught.value.code is ErrorCode.MUTED


async def test_a_room_in_which_moderators_publish_pauses_the_others(rig: Rig) -> None:
    await rig.produce("microphone")
    options = RoomOptions(publishers="moderators")
    record = settings().model_copy(update={"moderation": None, "options": options})
    projection = rig.replicas.projections[ROOM]
    projection.apply(PeerChanged(11, "alice", ALICE.model_copy(update={"room_role": "moderator"}), ""))
    projection.apply(SettingsChanged(12, record, ""))
    await rig.finish_tasks()
    assert rig.paused() == set()
    projection.apply(PeerChanged(13, "alice", ALICE.model_copy(update={"room_role": "speaker"}), ""))
    await rig.finish_tasks()
    assert rig.paused() == {"microphone"}
