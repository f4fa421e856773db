"""The values of the `recordings` bucket: `live.<roomId>` while a room is recorded, then `done.<recordingId>`."""

from __future__ import annotations

from pydantic import Field

from ..recording import RecordingInfo
from ..types import Count, Epoch, NodeId, RoomId


class RecordingRecord(RecordingInfo):
    """A recording, and which recorder writes or completes it."""

    room_id: RoomId
    recorder_id: NodeId
    """The instance. It holds the lease `subjects.signaling_lease` of this name."""
    recorder_epoch: Epoch
    """The epoch of that lease. When the lease is gone, another instance takes the recording over."""
    segment: Count = 0
    """How many instances had it before."""
    ticket_key: str = Field(repr=False)
    """The random key of the tickets for its files."""
    uploaded: bool = False
    """Its files are in the object store, and nowhere else."""
    operation_id: str | None = None
    """The operation that wrote this. A writer whose reply was lost recognises its own write by it."""

    def info(self) -> RecordingInfo:
        """The recording without its recorder."""
        return RecordingInfo(**{name: getattr(self, name) for name in RecordingInfo.model_fields})
