"""Reports who speaks to the sessions of the room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hubbub_contracts.bus.speaker import ActiveSpeakerChanged, AudioLevelsChanged
from hubbub_contracts.volume import PeerVolume
from hubbub_media_core.events import ActiveSpeaker, AudioLevels, AudioVolume

from .context import NodeContext


def report_speakers(context: NodeContext, event: ActiveSpeaker | AudioLevels) -> None:
    """Reports the dominant speaker of a router, or its microphones that carry speech, to its room.

    Every router of a room hears every microphone and finds the same; the oldest one of one node reports.
    """
    router = context.entities.router_by_core_id(event.router)
    if router is None or router is not next(iter(router.room.routers.values())):
        return
    if not router.room.view.reports_speakers():
        return
    room = router.room
    if isinstance(event, AudioLevels):
        context.speaker_events.publish(room.id, AudioLevelsChanged(levels=list(_peers(context, event.levels))))
        return
    for speaker in _peers(context, [event.speaker]):
        context.speaker_events.publish(room.id, ActiveSpeakerChanged(speaker=speaker))


def _peers(context: NodeContext, volumes: Iterable[AudioVolume]) -> Iterator[PeerVolume]:
    """The peers that send these producers. `volumes` are sorted, so the first microphone of a peer is its loudest."""
    seen = set[str]()
    for volume in volumes:
        producer = context.entities.origin_by_core_id(volume.producer)
        peer_id = None if producer is None else producer.peer_id
        if peer_id is not None and peer_id not in seen:
            seen.add(peer_id)
            yield PeerVolume(peer_id=peer_id, volume=volume.volume)
