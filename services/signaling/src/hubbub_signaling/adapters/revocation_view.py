"""Follows the registry's bucket of revoked access tokens. Without the bus, what is known holds."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydantic import ValidationError

from hubbub_bus import Bucket, Bus, Entry, KeyValue, View
from hubbub_contracts import subjects
from hubbub_contracts.bus.revocation import RevocationRecord

_log = structlog.get_logger(__name__)


class RevocationView:
    """The bucket, as this instance sees it."""

    def __init__(self, bus: Bus, on_revocation: Callable[[RevocationRecord], None]) -> None:
        self._on_revocation = on_revocation
        self._view = View(bus, KeyValue(bus, Bucket(subjects.REVOCATIONS_BUCKET)), self._on_change)

    async def start(self) -> None:
        """Waits without a limit until all revocations are known: until then, a revoked token would be accepted."""
        self._view.start()
        await self._view.wait_healthy(None)

    async def stop(self) -> None:
        """Stops following."""
        await self._view.stop()

    def _on_change(self, entry: Entry, _before: Entry | None) -> None:
        if entry.value is None:
            return  # expired, or lost; what is revoked stays so
        try:
            record = RevocationRecord.model_validate_json(entry.value)
        except ValidationError:
            _log.error("malformed revocation", key=entry.key)
            return
        self._on_revocation(record)
