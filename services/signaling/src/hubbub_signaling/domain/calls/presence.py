"""A user's presence, derived from the statuses of all devices on all instances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from hubbub_contracts.bus.presence import ConnectedDevices
from hubbub_contracts.call import OpenPresenceStatus, UserPresence


def combine(user_ids: Sequence[str], answers: Iterable[ConnectedDevices]) -> list[UserPresence]:
    """The presence of each user, in this order, from the answers of all instances."""
    statuses: dict[str, list[OpenPresenceStatus]] = defaultdict(list)
    for answer in answers:
        for devices in answer.users:
            statuses[devices.user_id] += devices.statuses
    return [
        UserPresence(user_id=user_id, status=_status(statuses[user_id]), devices=len(statuses[user_id]))
        for user_id in user_ids
    ]


def _status(statuses: list[OpenPresenceStatus]) -> OpenPresenceStatus:
    if not statuses:
        return "offline"
    if "doNotDisturb" in statuses:
        return "doNotDisturb"
    return "away" if set(statuses) == {"away"} else "online"
