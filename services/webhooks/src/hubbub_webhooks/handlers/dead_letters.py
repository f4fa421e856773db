"""`webhook.dead-letters` and `webhook.replay`."""

from __future__ import annotations

from hubbub_contracts.bus.webhook import DeadLetterPage, ListDeadLetters, ReplayDeadLetters, Replayed
from hubbub_contracts.webhook import DeadLetter

from .context import WebhooksContext
from .endpoints import find

_PAGE = 100


async def list_dead_letters(context: WebhooksContext, request: ListDeadLetters) -> DeadLetterPage:
    """A page of the dead letters, the oldest first. Raises `not_found`."""
    await find(context, request.tenant, request.webhook_id)
    letters = await context.queues.dead_letters(request.webhook_id, request.after, request.limit + 1)
    page = letters[: request.limit]
    return DeadLetterPage(
        dead_letters=[
            DeadLetter(
                letter_id=letter.sequence,
                webhook_id=request.webhook_id,
                event_id=letter.dead.event_id,
                event=letter.dead.event,
                attempts=letter.dead.attempts,
                error=letter.dead.error,
                died_at=letter.dead.died_at,
            )
            for letter in page
        ],
        next=page[-1].sequence if len(letters) > len(page) else None,
    )


async def replay(context: WebhooksContext, request: ReplayDeadLetters) -> Replayed:
    """Queues the dead letters again, in their order, behind what waits. Raises `not_found`."""
    await find(context, request.tenant, request.webhook_id)
    replayed = 0
    while letters := await context.queues.dead_letters(request.webhook_id, 0, _PAGE):
        for letter in letters:
            await context.queues.replay(request.webhook_id, letter)
            context.wake(request.webhook_id, letter.room_id)
            replayed += 1
    return Replayed(events=replayed)
