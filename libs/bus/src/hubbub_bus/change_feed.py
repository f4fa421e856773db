"""The stored changes of a bucket, in store order, as JetStream republishes them.

To follow a bucket: subscribe first, then ask its owner for a snapshot, and skip changes that are not newer. After
`on_gap`, ask for a new snapshot.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from nats.aio.msg import Msg

from hubbub_service import report_failure

from . import headers
from .bus import Bus
from .events import GapListener, Subscription
from .kv import Entry, parse_entry

_log = structlog.get_logger(__name__)


class ChangeFeed(Subscription):
    """The subscription to the changes under one subject."""

    @classmethod
    async def open(
        cls,
        bus: Bus,
        subject: str,
        on_change: Callable[[Entry], None],
        on_gap: GapListener | None = None,
        *,
        prefix: str = "",
        queue: str = "",
    ) -> ChangeFeed:
        """Subscribes. Raises `unavailable`.

        Arguments:
            subject: may have wildcards.
            on_change: called with each change. The entry's key is the subject without `prefix`.
            on_gap: called when changes may have been missed.
            queue: a NATS queue group, whose members share the changes.
        """
        feed = cls(bus.connection)

        async def receive(message: Msg) -> None:
            received = message.headers or {}
            try:
                revision = int(received.get(headers.SEQUENCE, ""))
                on_change(parse_entry(message.subject.removeprefix(prefix), message.data, revision, received))
            except Exception as error:  # noqa: BLE001  a handler's bug must not end the subscription
                report_failure("a stored change was not handled", error, subject=message.subject)
                if on_gap is not None:
                    on_gap()  # it was a change, and this follower has missed it

        await feed.start(subject, receive, on_gap, queue)
        return feed
