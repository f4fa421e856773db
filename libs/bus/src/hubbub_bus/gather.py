"""A question to all subscribers of a subject, whose number is not known."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TypeVar

import nats.errors
import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from hubbub_contracts import Model, Request
from hubbub_contracts.encoded import encode

from .bus_failed import bus_failed
from .connection import Connection
from .deadline import timeout_header
from .operation import operation_id, outgoing_headers

ReplyT = TypeVar("ReplyT", bound=Model)

_log = structlog.get_logger(__name__)


async def gather(
    connection: Connection, subject: str, message: Request[ReplyT], window: float, valid_for: float | None = None
) -> list[ReplyT]:
    """Sends a request, and returns the replies that arrive within `window` seconds. Raises `unavailable`.

    `valid_for`: seconds in which a slow subscriber still carries it out, though its reply is not waited for; None: for
    `window` seconds.

    Errors and malformed replies are left out: a subscriber that cannot answer counts as one that does not exist.
    """
    connection.require_connected()
    client, replies, nobody = connection.client, list[ReplyT](), asyncio.Event()

    async def receive(received: Msg) -> None:
        if not received.data:
            nobody.set()  # the server's status that there are no responders
            return
        try:
            replies.append(message.reply_model().model_validate_json(received.data))
        except ValidationError:
            _log.info("a subscriber answered with an error", subject=subject)

    inbox = client.new_inbox()
    try:
        subscription = await client.subscribe(inbox, cb=receive)
        try:
            await client.publish(
                subject,
                encode(message),
                reply=inbox,
                headers=outgoing_headers(operation_id()) | timeout_header(valid_for or window),
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(nobody.wait(), window)
        finally:
            await subscription.unsubscribe()
    except nats.errors.Error as error:
        raise bus_failed(error) from error
    return replies
