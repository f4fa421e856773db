"""The ports that handlers use and adapters implement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hubbub_contracts.bus.webhook_records import DeadEvent, Position, ToldRoom, WaitingEvent, WebhookRecord

from .retries import Attempt
from .stored_change import StoredChange


class NotOwner(Exception):
    """Another instance delivers now."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A change in the log."""

    bucket: str
    revision: int
    change: StoredChange | None
    """None: nothing is told of it."""
    at: str
    """When it was stored, in RFC 3339."""
    position: int
    """In the log."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The present content of a bucket."""

    present: Sequence[tuple[int, StoredChange]]
    """The values with their sequences, in the order of their writes."""
    revision: int
    """Up to where they are complete."""


class Changes(Protocol):
    """The stored changes of rooms, calls and recordings."""

    async def prepare(self) -> None:
        """Creates the log when it does not exist. Raises HubbubError."""
        ...

    def read(self, position: int) -> AsyncIterator[list[Logged]]:
        """Yields the changes behind a position of the log, for ever. Raises HubbubError."""
        ...

    async def list(self, bucket: str) -> Listing:
        """The present content of a bucket. Raises HubbubError."""
        ...

    async def last_revision(self, bucket: str) -> int:
        """The sequence of the last change of a bucket; 0 when it does not exist. Raises HubbubError."""
        ...

    async def trim(self, position: int) -> None:
        """Removes the changes up to a position of the log. Raises HubbubError."""
        ...


class Endpoints(Protocol):
    """The endpoints of the installation."""

    @property
    def current(self) -> Mapping[str, WebhookRecord]:
        """By id."""
        ...

    @property
    def version(self) -> int:
        """Grows with each change."""
        ...

    async def refresh(self) -> None:
        """Waits until `current` contains everything that any instance has stored. Raises HubbubError."""
        ...

    async def wait_for_change(self, version: int) -> None:
        """Waits until the version differs from this one."""
        ...

    def is_configured(self, webhook_id: str) -> bool:
        """Whether the endpoint is in the configuration of the service."""
        ...

    async def put(self, record: WebhookRecord, *, new: bool) -> None:
        """Stores an endpoint. Raises `conflict` when a new one exists, and HubbubError."""
        ...

    async def remove(self, webhook_id: str) -> None:
        """Removes an endpoint. Raises HubbubError."""
        ...


class ToldStore(Protocol):
    """What endpoints were told. Written by the owner only; raises NotOwner when another instance has written."""

    async def known(self) -> set[str]:
        """The ids of the endpoints of which something is stored. Raises HubbubError."""
        ...

    async def load(self, webhook_id: str) -> tuple[Position, list[ToldRoom]]:
        """What was stored of an endpoint. Raises HubbubError."""
        ...

    async def put_room(self, webhook_id: str, room: ToldRoom) -> None:
        """Stores a room. Raises HubbubError."""
        ...

    async def put_position(self, webhook_id: str, position: Position) -> None:
        """Stores a position. Raises HubbubError."""
        ...

    async def remove(self, webhook_id: str) -> None:
        """Forgets an endpoint. Raises HubbubError."""
        ...


@dataclass(frozen=True, slots=True)
class Queued:
    """The first event of a queue."""

    sequence: int
    waiting: WaitingEvent
    queued_at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter."""

    sequence: int
    room_id: str
    dead: DeadEvent


class EventQueues(Protocol):
    """The events that wait: a queue for each endpoint and room. Raises HubbubError."""

    async def prepare(self) -> None:
        """Creates the queues' streams when they do not exist."""
        ...

    async def known(self) -> set[str]:
        """The ids of the endpoints for which something waits or is buried."""
        ...

    async def append(self, webhook_id: str, room_id: str, event: WaitingEvent) -> None:
        """Appends an event, unless it was appended lately."""
        ...

    async def first(self, webhook_id: str, room_id: str) -> Queued | None:
        """The event to deliver next."""
        ...

    async def remove(self, queued: Queued) -> None:
        """Removes a delivered event."""
        ...

    async def bury(self, webhook_id: str, room_id: str, queued: Queued, dead: DeadEvent) -> None:
        """Moves an event to the dead letters."""
        ...

    async def rooms(self, webhook_id: str) -> dict[str, int]:
        """How many events wait, by room."""
        ...

    async def dead_letters(self, webhook_id: str, after: int, limit: int) -> list[Letter]:
        """The dead letters behind a place in their order, at most `limit`."""
        ...

    async def count_dead(self, webhook_id: str) -> int:
        """How many dead letters there are."""
        ...

    async def replay(self, webhook_id: str, letter: Letter) -> None:
        """Moves a dead letter to the end of its queue."""
        ...

    async def clear(self, webhook_id: str) -> None:
        """Removes everything of an endpoint."""
        ...


class Sender(Protocol):
    """Posts events."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Posts a body. Never raises: what goes wrong is in the result."""
        ...

    async def check(self, url: str) -> str | None:
        """Why events may not be posted to this URL now; None when they may."""
        ...
