"""The values of the `recordings` bucket: `live.<roomId>` while a room is recorded, then `done.<recordingId>`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ..recording import Composition, RecordingInfo
from ..types import Count, Epoch, NodeId, RoomId


class CompositionRecord(Composition):
    """A composition, and which recorder makes it."""

    recorder_id: NodeId | None = None
    """The instance; None while it is not `running`."""
    recorder_epoch: Epoch | None = None
    """The epoch of its lease. When the lease is gone, the composition is `queued` again."""
    attempts: Count = 0
    """How often an instance has begun to make it."""

    def info(self) -> Composition:
        """The composition without its recorder."""
        return Composition(**{name: getattr(self, name) for name in Composition.model_fields})


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
    compositions: Sequence[CompositionRecord] = ()
    """In the order of the requests."""
    operation_id: str | None = None
    """The operation that wrote this. A writer whose reply was lost recognises its own write by it."""

    def info(self) -> RecordingInfo:
        """The recording without its recorder."""
        fields = {name: getattr(self, name) for name in RecordingInfo.model_fields}
        return RecordingInfo(**fields | {"compositions": [one.info() for one in self.compositions]})
