"""A local replica of one room: its change feed, gap detection, and snapshots from the registry."""

from .bus_feed import open_feed
from .changes import FeedChange, PeerChanged, SettingsChanged
from .projection import Projection, RoomState
from .replica import Fetch, OpenFeed, RoomReplica, Subscription

__all__ = [
    "FeedChange",
    "Fetch",
    "OpenFeed",
    "PeerChanged",
    "Projection",
    "RoomReplica",
    "RoomState",
    "SettingsChanged",
    "Subscription",
    "open_feed",
]
