"""The bus: typed requests, events, records and leases over NATS. The only code that knows NATS."""

from hubbub_bus.bus import Bus
from hubbub_bus.connection import ServerTooOld, Unreachable
from hubbub_bus.context import Operation, current_operation, enter_operation
from hubbub_bus.ending import end
from hubbub_bus.events import Subscription
from hubbub_bus.kv import Bucket, BucketMissing, Entry, KeyConflict, KeyValue, WriteUnknown
from hubbub_bus.lease import Lease, fence, leases, read_lease
from hubbub_bus.observer import Observer
from hubbub_bus.request import NoResponders
from hubbub_bus.room_feed import RoomChange, RoomFeed
from hubbub_bus.serve import Endpoint
from hubbub_bus.view import View

__all__ = [
    "Bucket",
    "BucketMissing",
    "Bus",
    "Endpoint",
    "Entry",
    "KeyConflict",
    "KeyValue",
    "Lease",
    "NoResponders",
    "Observer",
    "Operation",
    "RoomChange",
    "RoomFeed",
    "ServerTooOld",
    "Subscription",
    "Unreachable",
    "View",
    "WriteUnknown",
    "current_operation",
    "end",
    "enter_operation",
    "fence",
    "leases",
    "read_lease",
]
