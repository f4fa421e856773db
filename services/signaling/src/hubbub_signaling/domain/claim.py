"""The claim by which a session serves its peer.

Every join and every resume writes a new claim into the peer's record. The newest one wins: a session whose claim was
replaced no longer serves the peer, and the registry refuses its departure.
"""

from __future__ import annotations

from dataclasses import dataclass

from hubbub_contracts.bus.records import PeerRecord


@dataclass(frozen=True)
class Claim:
    """One session's claim."""

    signaling_id: str
    """The instance of the session."""
    claim_id: str

    def holds(self, record: PeerRecord) -> bool:
        """Whether the peer's record has this claim. Registries of older versions store the instance only."""
        if record.claim_id is None:
            return record.signaling_id == self.signaling_id
        return record.claim_id == self.claim_id
