"""Which producer each media section of a viewer receives.

Rules
- With a peer: its video of the wanted source, and its sound.
- Without: the videos of those who spoke last, and the sound of those who speak. Those who have not spoken follow in the
  order of joining.
- While several speak, the order of their sound stays as it is until one of them is silent or becomes the active
  speaker: who is loudest changes several times a second.
- A section keeps its producer as long as that is among the first ones, so that a new speaker replaces one who is silent
  longest, and nobody changes places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hubbub_contracts.bus.records import PeerRecord, ProducerRecord
from hubbub_contracts.types import MediaKind

VideoSource = Literal["camera", "screen"]
MAX_SPEAKERS = 32
"""The longest order."""
_SCREEN = "screen"
_SCREEN_AUDIO = "screen-audio"
_KINDS: tuple[MediaKind, ...] = ("audio", "video")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a viewer watches."""

    peer_id: str | None = None
    """None: whoever speaks."""
    source: VideoSource = "camera"


def on_active_speaker(order: Sequence[str], peer_id: str) -> list[str]:
    """The order after this peer became the active speaker."""
    return [peer_id, *(each for each in order if each != peer_id)][:MAX_SPEAKERS]


def on_levels(order: Sequence[str], speaking: Sequence[str]) -> list[str]:
    """The order after a report of who speaks, the loudest first."""
    still = [each for each in order if each in speaking]
    new = [each for each in speaking if each not in still]
    silent = [each for each in order if each not in speaking]
    return [*still, *new, *silent][:MAX_SPEAKERS]


def wanted(
    kinds: Sequence[MediaKind],
    current: Sequence[str | None],
    peers: Mapping[str, PeerRecord],
    order: Mapping[MediaKind, Sequence[str]],
    subject: Subject,
) -> list[str | None]:
    """The producer for each section; None for a section without any.

    Arguments:
        kinds: of the sections.
        current: the producers that they have.
        peers: of the room.
        order: ids of peers, the most wanted first: of video by `on_active_speaker`, of audio by `on_levels` too.
    """
    result: list[str | None] = [None] * len(kinds)
    for kind in _KINDS:
        places = [index for index, each in enumerate(kinds) if each == kind]
        chosen = _candidates(kind, peers, order[kind], subject)[: len(places)]
        for index in places:
            if current[index] in chosen:
                result[index] = current[index]
        free = [producer_id for producer_id in chosen if producer_id not in result]
        for index in places:
            if result[index] is None and free:
                result[index] = free.pop(0)
    return result


def _candidates(
    kind: MediaKind, peers: Mapping[str, PeerRecord], speakers: Sequence[str], subject: Subject
) -> list[str]:
    """The producers of this kind, the most wanted first."""
    if subject.peer_id is not None:
        order = [subject.peer_id]
    else:
        joined = sorted(peers.values(), key=lambda peer: (peer.joined_at, peer.peer_id))
        order = list(dict.fromkeys([*speakers, *(peer.peer_id for peer in joined)]))
    found = [
        producer for peer_id in order if peer_id in peers for producer in _producers(kind, peers[peer_id], subject)
    ]
    return [producer.producer_id for producer in sorted(found, key=lambda producer: producer.paused)]


def _producers(kind: str, peer: PeerRecord, subject: Subject) -> list[ProducerRecord]:
    """The peer's producers of this kind that the subject includes, the microphone before the sound of its screen."""
    own = [producer for producer in peer.producers if producer.kind == kind]
    if kind == "audio":
        return sorted(own, key=lambda producer: producer.shows == _SCREEN_AUDIO)
    wants_screen = subject.source == _SCREEN
    return [producer for producer in own if (producer.shows == _SCREEN) == wants_screen]
