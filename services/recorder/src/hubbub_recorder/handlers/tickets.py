"""`recording.ticket`, and the check of a ticket."""

from __future__ import annotations

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.recording import CreateRecordingTicket
from hubbub_contracts.recording import TICKET_LIFETIME, RecordingTicket

from ..domain.recordings import StoredRecording
from ..domain.ticket import is_valid, new_ticket
from .context import RecorderContext


async def create_ticket(context: RecorderContext, request: CreateRecordingTicket) -> RecordingTicket:
    """Returns a ticket for the files of a recording. Raises `not_found`."""
    await context.store.refresh()
    found = context.store.recordings.find_of(request.tenant, request.recording_id)
    if found is None:
        raise HubbubError(ErrorCode.NOT_FOUND, "no such recording")
    expires_at = context.clock() + TICKET_LIFETIME
    ticket = new_ticket(found.record.ticket_key, request.recording_id, expires_at, request.holder)
    return RecordingTicket(ticket=ticket, expires_at=expires_at)


def require_ticket(found: StoredRecording | None, ticket: str, now: int) -> None:
    """Raises `unauthenticated` when the ticket is not one of this recording, or has expired. `now`: Unix ms."""
    if found is None or not is_valid(ticket, found.record.ticket_key, found.record.recording_id, now):
        raise HubbubError(ErrorCode.UNAUTHENTICATED, "ticket: unknown or expired")
