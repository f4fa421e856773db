"""Decides what a shown resume secret is worth, and replaces it.

Rules
- Each use replaces the secret. The former one is good until the new one is used or the reconnect grace has passed: a
  socket may die before the answer arrives.
- A secret that was replaced earlier was copied. The session ends, since nobody knows which of its users is the thief.
"""

from __future__ import annotations

import hmac
from enum import Enum

from hubbub_contracts import resume_secret
from hubbub_contracts.bus.records import PeerRecord


class Verdict(Enum):
    """What a shown secret is."""

    VALID = "valid"
    REUSED = "reused"
    """It was replaced before."""
    WRONG = "wrong"


def classify(peer: PeerRecord, shown: str, now: int, grace: float) -> Verdict:
    """What the secret is at the time `now`, in Unix milliseconds; `grace` is in seconds.

    Takes the same time for every wrong secret.
    """
    digest = resume_secret.digest(shown)
    newest = _same(digest, peer.resume_digest)
    former = _same(digest, peer.former_resume_digest)
    family = _same(resume_secret.family_digest(shown), peer.resume_family_digest)
    if newest or (former and now - (peer.resume_rotated_at or 0) <= grace * 1000):
        return Verdict.VALID
    return Verdict.REUSED if family else Verdict.WRONG


def rotated(peer: PeerRecord, shown: str, new_digest: str | None, now: int) -> PeerRecord:
    """The record after the use of a valid secret. `new_digest` is None when the secret stays valid."""
    if new_digest is None:
        return peer
    return peer.model_copy(
        update={
            "resume_digest": new_digest,
            "former_resume_digest": resume_secret.digest(shown),
            "resume_family_digest": resume_secret.family_digest(shown),
            "resume_rotated_at": now,
        }
    )


def _same(digest: str, stored: str | None) -> bool:
    return hmac.compare_digest(digest, stored or "-" * len(digest))
