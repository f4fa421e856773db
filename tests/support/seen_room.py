"""A room as a client sees it: from the answer to its `joinRoom` or `resume`, and from the events after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Seen = dict[str, dict[str, bool]]
"""peer id -> producer id -> whether it is paused"""


@dataclass
class SeenRoom:
    """The other peers of a room."""

    peers: Seen = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> SeenRoom:
        """Of an answer to `joinRoom` or `resume`."""
        room = cls()
        for peer in answer["peers"]:
            room.peers[peer["peerId"]] = {each["producerId"]: each["paused"] for each in peer["producers"]}
        return room

    def apply(self, event: str, payload: Mapping[str, Any]) -> None:
        """What a client does with an event. Raises KeyError when the event contradicts what it knows."""
        match event:
            case "peerJoined":
                self.peers[payload["peerId"]] = {}
            case "peerLeft":
                del self.peers[payload["peerId"]]
            case "newProducer":
                self.peers[payload["peerId"]][payload["producerId"]] = payload["paused"]
            case "producerClosed":
                del self.peers[payload["peerId"]][payload["producerId"]]
            case "producerPaused" | "producerResumed":
                producers = self.peers[payload["peerId"]]
                assert payload["producerId"] in producers, f"{event} of an unknown producer"
                producers[payload["producerId"]] = event == "producerPaused"

    def producers(self) -> list[str]:
        """The ids of all producers."""
        return [producer_id for producers in self.peers.values() for producer_id in producers]
