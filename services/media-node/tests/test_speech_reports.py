"""Reports of who speaks."""

from __future__ import annotations

import asyncio

from hubbub_bus import Bus
from hubbub_contracts import ids, subjects
from hubbub_contracts.bus.speaker import SPEAKER_EVENT, ActiveSpeakerChanged, AudioLevelsChanged, SpeakerEvent
from hubbub_contracts.volume import PeerVolume
from hubbub_media_core import events
from hubbub_media_core.events import AudioVolume
from hubbub_media_node.adapters.speaker_event_publisher import BusSpeakerEventPublisher
from hubbub_media_node.handlers.core_events import handle
from support.node_fakes import ROOM, NodeRig
from support.node_rig import fixture, until

AUDIO = fixture("chromium-156/produce-audio-opus.json")


async def test_the_peer_of_the_active_speaker_is_reported_to_its_room() -> None:
    rig = NodeRig()
    await rig.create_transport()
    await rig.create_producer(AUDIO)
    producer = rig.context.entities.producers["producer"]
    router = rig.router().core_id
    handle(rig.context, 0, events.ActiveSpeaker(router, AudioVolume(producer.core_id, -20)))
    handle(rig.context, 0, events.AudioLevels(router, (AudioVolume(producer.core_id, -20),)))
    handle(rig.context, 0, events.AudioLevels(router, ()))
    ann = PeerVolume(peer_id="alice", volume=-20)
    assert rig.speakers.events == [
        (ROOM, ActiveSpeakerChanged(speaker=ann)),
        (ROOM, AudioLevelsChanged(levels=[ann])),
        (ROOM, AudioLevelsChanged(levels=[])),
    ]


async def test_a_peer_is_as_loud_as_its_loudest_microphone() -> None:
    rig = NodeRig()
    await rig.create_transport()
    await rig.create_producer(AUDIO)
    producer = rig.context.entities.producers["producer"]
    levels = (AudioVolume(producer.core_id, -20), AudioVolume(producer.core_id, -30))
    handle(rig.context, 0, events.AudioLevels(rig.router().core_id, levels))
    assert rig.speakers.events == [(ROOM, AudioLevelsChanged(levels=[PeerVolume(peer_id="alice", volume=-20)]))]


async def test_events_about_closed_rooms_and_producers_are_ignored() -> None:
    rig = NodeRig()
    transport = await rig.create_transport()
    router = rig.router().core_id
    handle(rig.context, 0, events.ActiveSpeaker(router, AudioVolume(99, -20)))
    handle(rig.context, 0, events.TransportClosed(transport.core_id, "ice_timeout"))
    handle(rig.context, 0, events.AudioLevels(router, ()))
    assert rig.speakers.events == []


async def test_the_latest_event_of_a_kind_is_published(bus: Bus) -> None:
    room_id, received = ids.room_id(ids.mint()), list[SpeakerEvent]()
    await bus.subscribe(subjects.speakers(room_id), SPEAKER_EVENT, received.append)
    await bus.flush()
    publisher = BusSpeakerEventPublisher(bus)
    ann, bob = (ActiveSpeakerChanged(speaker=PeerVolume(peer_id=peer, volume=-9)) for peer in ("ann", "bob"))
    publisher.publish(room_id, ann)
    publisher.publish(room_id, AudioLevelsChanged(levels=[]))
    publisher.publish(room_id, bob)
    task = asyncio.create_task(publisher.run())
    await until(lambda: len(received) == 2)
    task.cancel()
    await asyncio.wait({task})
    assert received == [bob, AudioLevelsChanged(levels=[])]
