"""Serves a table of request handlers: one endpoint for each request type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import structlog

from hubbub_contracts import Model, Request
from hubbub_contracts.encoded import Encoded

from .bus import Bus
from .endpoint import DEFAULT_CONCURRENCY, Endpoint

_RETRY_INTERVAL = 0.5
_log = structlog.get_logger(__name__)

ContextT = TypeVar("ContextT")

RequestTable: TypeAlias = Mapping[type[Request[Any]], Callable[[ContextT, Any], Awaitable[Model | Encoded[Any]]]]
"""Request type -> handler, a function of (context, request) that returns the reply or raises HubbubError."""


class Endpoints:
    """The running endpoints of one table."""

    STOP_TIMEOUT = 5.5
    """Seconds that `stop` takes at most."""

    def __init__(self, endpoints: Sequence[Endpoint[Any, Any]]) -> None:
        self._endpoints = endpoints

    async def stop(self) -> None:
        """Stops all endpoints concurrently: no new requests, and running ones may finish (see `Endpoint.stop`)."""
        stops = (endpoint.stop() for endpoint in self._endpoints)
        for result in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result


async def serve_table(
    bus: Bus,
    table: RequestTable[ContextT],
    context: ContextT,
    subject_of: Callable[[str], str],
    *,
    queue: str | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
) -> Endpoints:
    """Serves every request type of `table` until the result is stopped. The server has confirmed the subscriptions.

    Arguments:
        context: the first argument of every handler.
        subject_of: maps a verb (`Request.verb`) to the subject on which it is served.
        queue: a NATS queue group, whose members share the requests. None: every subscriber gets every request.
        concurrency: requests of one type that are handled at once. Requests beyond it get `unavailable`.

    When one subscription or its confirmation fails, stops the endpoints already started and raises the NATS client's
    error.
    """
    started: list[Endpoint[Any, Any]] = []
    endpoints = Endpoints(started)
    try:
        for request, handler in table.items():
            bound = partial(handler, context)
            started.append(
                await bus.serve(subject_of(request.verb), request, bound, queue=queue, concurrency=concurrency)
            )
        await bus.flush()
    except BaseException:
        await endpoints.stop()
        raise
    return endpoints


async def serve_table_when_possible(
    bus: Bus,
    table: RequestTable[ContextT],
    context: ContextT,
    subject_of: Callable[[str], str],
    *,
    queue: str | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
) -> Endpoints:
    """As `serve_table`, and tries again until it succeeds: the connection may be lost at the moment."""
    while True:
        try:
            return await serve_table(bus, table, context, subject_of, queue=queue, concurrency=concurrency)
        except Exception as error:  # noqa: BLE001  nats-py raises various exceptions while it is disconnected
            _log.warning("could not serve requests, retrying", error=str(error))
        await asyncio.sleep(_RETRY_INTERVAL)
