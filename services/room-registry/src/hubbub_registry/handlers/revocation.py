"""`access.revoke`."""

from __future__ import annotations

from hubbub_bus import unix_ms
from hubbub_contracts.bus.revocation import Revocation, Revoke

from ..domain.revocation import record_of
from .context import RegistryContext


async def revoke(context: RegistryContext, request: Revoke) -> Revocation:
    """Stores a revocation. Raises `quota_exceeded` when the store is full."""
    now = unix_ms()
    stored = await context.revocations.add(record_of(request, now, context.revocation_ttl), now / 1000)
    return Revocation(not_before=stored.not_before, expires_at=stored.expires_at)
