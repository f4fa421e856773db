"""Why this node asked the core to close an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubbub_contracts.bus.media import CloseReason


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """Stored with the object before the command is sent; the core's event does not say who requested the close."""

    reason: CloseReason | None
    """Published to the owner. None: the owner requested the close or is gone, and gets no event."""


SILENT: Final = CloseRequest(None)
UNCONFIRMED: Final = CloseRequest("unconfirmed")
DTLS_FAILED: Final = CloseRequest("dtls_failed")
