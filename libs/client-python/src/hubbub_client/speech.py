"""Who speaks, as the server reports it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from hubbub_contracts.socket.speaker import ActiveSpeaker, AudioLevels

from .participant import Participant
from .signaling import Signaling

EXPIRY = 3.0
"""Seconds. The server repeats the levels every 1.2 s while anybody speaks."""


class SpeechListener(Protocol):
    """What the speech is reported to."""

    def active_speaker_changed(self, participant: Participant[Any]) -> None:
        """Another participant is the dominant speaker."""
        ...

    def audio_levels_changed(self, levels: Mapping[Participant[Any], float]) -> None:
        """The participants who speak, loudest first."""
        ...


class Speech:
    """Sets `speaking` and `level` of the participants, and knows the active speaker."""

    def __init__(
        self, signaling: Signaling, find: Callable[[str], Participant[Any] | None], listener: SpeechListener
    ) -> None:
        """`find` returns the participant with a peer id, the local one included."""
        self._find = find
        self._listener = listener
        self._levels: dict[Participant[Any], float] = {}
        self._expiry: asyncio.TimerHandle | None = None
        self.active: Participant[Any] | None = None
        """The participant who speaks or spoke last."""
        signaling.on(ActiveSpeaker, self._set_active)
        signaling.on(AudioLevels, self._set_levels)

    def silence(self) -> None:
        """Nobody speaks, as far as this client knows."""
        self._set_levels(AudioLevels(levels=[]))

    def removed(self, participant: Participant[Any]) -> None:
        """A participant left."""
        participant.set_level(None)
        if self.active is participant:
            self.active = None

    def _set_active(self, push: ActiveSpeaker) -> None:
        participant = self._find(push.peer_id)
        if participant is not None and participant is not self.active:
            self.active = participant
            self._listener.active_speaker_changed(participant)

    def _set_levels(self, push: AudioLevels) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        found = ((self._find(one.peer_id), one.volume) for one in push.levels)
        levels = {participant: _amplitude(volume) for participant, volume in found if participant is not None}
        for participant in self._levels:
            if participant not in levels:
                participant.set_level(None)
        for participant, level in levels.items():
            participant.set_level(level)
        changed = levels != self._levels
        self._levels = levels
        if levels:
            self._expiry = asyncio.get_running_loop().call_later(EXPIRY, self.silence)
        if changed:
            self._listener.audio_levels_changed(MappingProxyType(levels))


def _amplitude(volume: int) -> float:
    """The amplitude, 0 to 1, of a volume in dBov."""
    return float(10 ** (volume / 20))
