"""The access tokens of the connected clients, and what was revoked of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from hubbub_contracts.bus.revocation import RevocationRecord

from ..domain.identity import Identity
from ..domain.revocations import Revocations

VerifyToken = Callable[[object], Identity]
"""The identity in an access token. Raises `unauthenticated` and `unsupported`."""
FORGET_INTERVAL = 60.0
"""Seconds between two searches for revocations that concern no token any more."""


class Holder(Protocol):
    """A connected client."""

    def reexamine(self) -> None:
        """Applies the revocations to the client's token."""


class LiveTokens:
    """Verifies tokens, and tells their holders of revocations."""

    def __init__(self, verify: VerifyToken, revocations: Revocations) -> None:
        self.verify = verify
        self._revocations = revocations
        self._holders: set[Holder] = set()
        self._forgotten_at = 0.0

    def watch(self, holder: Holder) -> None:
        """Tells the client of revocations from now on, and of those since its token was verified."""
        self._holders.add(holder)
        asyncio.get_running_loop().call_soon(self._reexamine, holder)

    def unwatch(self, holder: Holder) -> None:
        """The client is gone."""
        self._holders.discard(holder)

    def withhold(self, identity: Identity) -> Identity:
        """The identity without what was revoked. Raises `unauthenticated` when its whole token was."""
        return self._revocations.applied_to(identity)

    def revoke(self, record: RevocationRecord) -> None:
        """Adds a revocation, which holds for connected clients at once."""
        now = time.time()
        if now - self._forgotten_at > FORGET_INTERVAL:
            self._forgotten_at = now
            self._revocations.forget_expired(now)
        self._revocations.add(record)
        for holder in tuple(self._holders):
            self._reexamine(holder)

    def _reexamine(self, holder: Holder) -> None:
        if holder in self._holders:
            holder.reexamine()
