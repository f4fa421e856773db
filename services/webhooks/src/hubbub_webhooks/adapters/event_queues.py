"""The events that wait for their delivery, and those that could not be delivered."""

from __future__ import annotations

from hubbub_bus import Bus, WorkQueues
from hubbub_contracts import subjects
from hubbub_contracts.bus.webhook_records import DeadEvent, WaitingEvent

from ..domain.ports import Letter, Queued
from ..domain.retries import GIVE_UP_AFTER

QUEUES_MAX_BYTES = 96 * 1024 * 1024
"""About 150,000 events."""
DEAD_MAX_BYTES = 16 * 1024 * 1024
DEAD_MAX_AGE = 30 * 86_400.0
"""Seconds for which a dead letter is kept."""


class StreamEventQueues:
    """Implements `domain.ports.EventQueues`."""

    def __init__(self, bus: Bus, replicas: int = 1) -> None:
        """`replicas` is the number of copies of the streams in a NATS cluster."""
        self._waiting = WorkQueues(
            bus,
            subjects.WEBHOOK_EVENTS_STREAM,
            subjects.WEBHOOK_EVENTS,
            max_age=2 * GIVE_UP_AFTER,
            max_bytes=QUEUES_MAX_BYTES,
            replicas=replicas,
        )
        self._dead = WorkQueues(
            bus,
            subjects.DEAD_LETTERS_STREAM,
            subjects.DEAD_LETTERS,
            max_age=DEAD_MAX_AGE,
            max_bytes=DEAD_MAX_BYTES,
            replicas=replicas,
        )

    async def prepare(self) -> None:
        """See `EventQueues`."""
        await self._waiting.ensure()
        await self._dead.ensure()

    async def fill_levels(self) -> dict[str, float]:
        """How much of each stream's bound is used, from 0 to 1, by the stream's name. Raises `unavailable`."""
        return {
            subjects.WEBHOOK_EVENTS_STREAM: await self._waiting.fill_level(),
            subjects.DEAD_LETTERS_STREAM: await self._dead.fill_level(),
        }

    async def known(self) -> set[str]:
        """See `EventQueues`."""
        return {key.partition(".")[0] for key in {**await self._waiting.keys(), **await self._dead.keys()}}

    async def append(self, webhook_id: str, room_id: str, event: WaitingEvent) -> None:
        """See `EventQueues`."""
        await self._waiting.append(f"{webhook_id}.{room_id}", f"{webhook_id}.{event.event_id}", event)

    async def first(self, webhook_id: str, room_id: str) -> Queued | None:
        """See `EventQueues`."""
        found = await self._waiting.first(f"{webhook_id}.{room_id}")
        if found is None:
            return None
        return Queued(found.sequence, WaitingEvent.model_validate_json(found.value), found.stored_at)

    async def remove(self, queued: Queued) -> None:
        """See `EventQueues`."""
        await self._waiting.remove(queued.sequence)

    async def bury(self, webhook_id: str, room_id: str, queued: Queued, dead: DeadEvent) -> None:
        """See `EventQueues`."""
        await self._dead.append(f"{webhook_id}.{room_id}", f"{webhook_id}.{dead.event_id}", dead)
        await self._waiting.remove(queued.sequence)

    async def rooms(self, webhook_id: str) -> dict[str, int]:
        """See `EventQueues`."""
        counts = await self._waiting.keys(f"{webhook_id}.*")
        return {key.partition(".")[2]: count for key, count in counts.items()}

    async def dead_letters(self, webhook_id: str, after: int, limit: int) -> list[Letter]:
        """See `EventQueues`."""
        letters: list[Letter] = []
        while len(letters) < limit and (found := await self._dead.first(f"{webhook_id}.*", after)) is not None:
            after = found.sequence
            room_id = found.key.partition(".")[2]
            letters.append(Letter(found.sequence, room_id, DeadEvent.model_validate_json(found.value)))
        return letters

    async def count_dead(self, webhook_id: str) -> int:
        """See `EventQueues`."""
        return sum((await self._dead.keys(f"{webhook_id}.*")).values())

    async def replay(self, webhook_id: str, letter: Letter) -> None:
        """See `EventQueues`."""
        event = WaitingEvent(event_id=letter.dead.event_id, event=letter.dead.event)
        # The event may have been appended lately, with the id of `append`.
        message_id = f"{webhook_id}.{event.event_id}.{letter.sequence}"
        await self._waiting.append(f"{webhook_id}.{letter.room_id}", message_id, event)
        await self._dead.remove(letter.sequence)

    async def clear(self, webhook_id: str) -> None:
        """See `EventQueues`."""
        await self._waiting.clear(f"{webhook_id}.*")
        await self._dead.clear(f"{webhook_id}.*")
