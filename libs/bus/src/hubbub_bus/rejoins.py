"""Cuts between NATS servers: the connection of this process stays, but events are lost on the way.

The registry notices them, and announces with the revisions of the rooms which clusters can be reached again.
"""

from __future__ import annotations

from collections.abc import Mapping


class Rejoins:
    """What has been announced so far."""

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}

    def are_new(self, rejoined: Mapping[str, int]) -> bool:
        """Returns whether a cut has ended since the last call, so that events may have been lost.

        `rejoined`: of `RoomRevisions`. Each registry replica has noticed the end at a slightly different time, so one
        cut can count more than once.
        """
        new = {cluster: at for cluster, at in rejoined.items() if at > self._latest.get(cluster, 0)}
        self._latest.update(new)
        return bool(new)
