"""Every request that the recorder answers, and its handler."""

from __future__ import annotations

from typing import Final

from hubbub_bus import RequestTable
from hubbub_contracts.bus.recording import (
    ComposeRecording,
    CreateRecordingTicket,
    DeleteRecording,
    GetRecording,
    ListRecordings,
    ReadRecordingFile,
    StartRecording,
    StopRecording,
)

from . import compose, listing, start, stop, tickets
from .context import RecorderContext

HANDLERS: Final[RequestTable[RecorderContext]] = {
    StartRecording: start.start,
    StopRecording: stop.stop,
    GetRecording: listing.get,
    ListRecordings: listing.list_recordings,
    CreateRecordingTicket: tickets.create_ticket,
    ReadRecordingFile: listing.read,
    DeleteRecording: listing.delete,
    ComposeRecording: compose.compose,
}
