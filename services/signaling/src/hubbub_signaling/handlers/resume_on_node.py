"""Resumes a producer on its node, which may learn of a lifted mute later than this instance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.producer import ResumeProducer
from hubbub_contracts.bus.records import Placement

from .context import RequestContext

LIFTED_CHECKS = 10
LIFTED_PAUSE = 0.1
"""Seconds before the node is asked again, which still considers a source muted."""


async def resume_on_node(context: RequestContext, message: ResumeProducer, where: Callable[[], Placement]) -> None:
    """Resumes the producer on the node that `where` returns. Raises HubbubError, `muted` among them."""
    view = context.membership.hub.view
    for attempt in range(LIFTED_CHECKS):
        placement = where()
        found = view.producer(message.producer_id)
        if found is not None and view.rules.is_muted(found[0].user_id, found[1].shows):
            raise HubbubError(ErrorCode.MUTED, "a moderator muted this source")
        try:
            await context.backend.node(placement, message)
        except HubbubError as error:
            if error.code is not ErrorCode.MUTED or attempt + 1 == LIFTED_CHECKS:
                raise
            await asyncio.sleep(LIFTED_PAUSE)
        else:
            return
