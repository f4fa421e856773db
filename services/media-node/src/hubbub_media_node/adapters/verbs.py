"""The verbs of a node on the bus: one endpoint each, on the subjects of one life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from hubbub_bus import Bus, Endpoint
from hubbub_contracts import Model, Request, subjects
from hubbub_contracts.bus.consumer import CloseConsumer, CreateConsumer, PauseConsumer, ResumeConsumer
from hubbub_contracts.bus.node import ClosePeer, DescribePeer
from hubbub_contracts.bus.producer import CloseProducer, CreateProducer, PauseProducer, ResumeProducer
from hubbub_contracts.bus.transport import CloseTransport, ConnectTransport, CreateTransport, RestartIce

from ..handlers import consumer, peer, producer, transport
from ..handlers.node import Node

Handler = Callable[[Node, Any], Awaitable[Model]]

HANDLERS: Final[dict[type[Request[Any]], Handler]] = {
    CreateTransport: transport.create,
    ConnectTransport: transport.connect,
    RestartIce: transport.restart_ice,
    CloseTransport: transport.close,
    CreateProducer: producer.create,
    PauseProducer: producer.pause,
    ResumeProducer: producer.resume,
    CloseProducer: producer.close,
    CreateConsumer: consumer.create,
    PauseConsumer: consumer.pause,
    ResumeConsumer: consumer.resume,
    CloseConsumer: consumer.close,
    DescribePeer: peer.describe,
    ClosePeer: peer.close,
}
"""All but `ping`, which the thread of the beats answers."""


class Verbs:
    """The endpoints of one life."""

    def __init__(self, endpoints: list[Endpoint[Any, Any]]) -> None:
        self._endpoints = endpoints

    @classmethod
    async def serve(cls, bus: Bus, node: Node, node_id: str, epoch: int) -> Verbs:
        """Answers requests to this life of the node until stopped."""
        verbs = cls([])
        try:
            for message, handler in HANDLERS.items():
                subject = subjects.node(node_id, epoch, message.verb)
                verbs._endpoints.append(await bus.serve(subject, message, partial(handler, node)))
            await bus.flush()
        except BaseException:
            await verbs.stop()
            raise
        return verbs

    async def stop(self) -> None:
        """Takes no new request, and lets those that run end."""
        await asyncio.gather(*(endpoint.stop() for endpoint in self._endpoints))
