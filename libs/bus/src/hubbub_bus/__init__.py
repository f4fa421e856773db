"""Typed requests, events, records and leases over NATS. No other package imports nats-py."""

from .archive import Archive, ArchivedRecord
from .bus import Bus
from .change_capture import ChangeCapture
from .change_feed import ChangeFeed
from .change_log import ChangeLog, LoggedChange
from .connection import ServerTooOld, Unreachable
from .endpoint import Endpoint
from .endpoints import Endpoints, RequestTable, serve_table, serve_table_when_possible
from .events import Subscription
from .kv import Bucket, BucketMissing, Entry, KeyConflict, KeyValue, WriteUnknown
from .lease import Lease, LeaseLoss, fence, lease_bucket, parse_lease
from .operation import Operation, current_operation, enter_operation, operation_id, unix_ms
from .rejoins import Rejoins
from .request import NoResponders
from .retry import retry_on_conflict
from .room_feed import RoomChange, RoomFeed
from .service_bus import connect_service
from .telemetry import BusTelemetry
from .view import View
from .watch import ListingComplete, list_bucket
from .work_queues import WaitingMessage, WorkQueues

__all__ = [
    "Archive",
    "ArchivedRecord",
    "Bucket",
    "BucketMissing",
    "Bus",
    "BusTelemetry",
    "ChangeCapture",
    "ChangeFeed",
    "ChangeLog",
    "Endpoint",
    "Endpoints",
    "Entry",
    "KeyConflict",
    "KeyValue",
    "Lease",
    "LeaseLoss",
    "ListingComplete",
    "LoggedChange",
    "NoResponders",
    "Operation",
    "Rejoins",
    "RequestTable",
    "RoomChange",
    "RoomFeed",
    "ServerTooOld",
    "Subscription",
    "Unreachable",
    "View",
    "WaitingMessage",
    "WorkQueues",
    "WriteUnknown",
    "connect_service",
    "current_operation",
    "enter_operation",
    "fence",
    "lease_bucket",
    "list_bucket",
    "operation_id",
    "parse_lease",
    "retry_on_conflict",
    "serve_table",
    "serve_table_when_possible",
    "unix_ms",
]
