"""Fakes for the ports of the registry other than its store."""

from __future__ import annotations

from hubbub_contracts.bus.revocation import RevocationRecord
from hubbub_registry.domain.revocation import key_of, lifted, merged


class FakeTelemetry:
    """Implements `RegistryTelemetry`."""

    def __init__(self) -> None:
        self.reused_tokens = 0

    def resume_token_reused(self) -> None:
        """See `RegistryTelemetry`."""
        self.reused_tokens += 1


class FakeRevocationStore:
    """Implements `RevocationStore`."""

    def __init__(self) -> None:
        self.records: dict[str, RevocationRecord] = {}

    async def add(self, record: RevocationRecord, now: float) -> RevocationRecord:
        """See `RevocationStore`."""
        assert now > 0
        key = key_of(record)
        self.records[key] = merged(self.records.get(key), record)
        return self.records[key]

    async def lift(self, ban: RevocationRecord, now: float) -> None:
        """See `RevocationStore`."""
        stored = self.records.get(key_of(ban))
        ended = None if stored is None else lifted(stored, round(now * 1000))
        if ended is not None:
            self.records[key_of(ban)] = ended
