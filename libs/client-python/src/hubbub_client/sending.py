"""The tracks that this client sends. Reconciles them with those that the application wants to send."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from hubbub_contracts.socket.producer import CloseProducer, PauseProducer, Produce, ResumeProducer
from hubbub_contracts.socket.room import ResumedProducer

from .capabilities import VideoCodec
from .closes import Closes
from .coalesced_task import CoalescedTask
from .errors import CallError
from .media_context import MediaContext
from .publication import LocalPublication, Source
from .sender import Sender
from .transports import Transports


class SendingListener(Protocol):
    """What sending reports to."""

    def media_stable(self) -> None:
        """A reconciliation finished."""
        ...

    def track_ended(self, publication: LocalPublication) -> None:
        """A local track has ended by itself."""
        ...


@dataclass(slots=True)
class _Sent:
    producer_id: str
    publication: LocalPublication
    sender: Sender
    paused: bool
    """On the server."""


class Sending:
    """The senders of one call."""

    def __init__(
        self,
        context: MediaContext,
        transports: Transports,
        local: Mapping[Source, LocalPublication],
        listener: SendingListener,
        codec: VideoCodec,
    ) -> None:
        self._context = context
        self._transports = transports
        self._local = local
        self._listener = listener
        self._codec: VideoCodec = codec
        self._cname = secrets.token_hex(8)
        self._next_mid = 0
        self._sent: dict[Source, _Sent] = {}
        self._closes = Closes(lambda one: context.signaling.request(CloseProducer(producer_id=one)))
        self.task = CoalescedTask(self._send, listener.media_stable)
        """Reconciles."""

    def producer_id(self, publication: LocalPublication) -> str | None:
        """The server's id of a track; None while it is not sent."""
        return next((one.producer_id for one in self._sent.values() if one.publication is publication), None)

    def apply_snapshot(self, known: Iterable[ResumedProducer]) -> None:
        """After `resume`: drops what the server no longer has. The next run closes there what is not known here."""
        producers = {one.producer_id: one for one in known}
        for source, sent in list(self._sent.items()):
            producer = producers.pop(sent.producer_id, None)
            if producer is None:
                self._drop(source)
            else:
                sent.paused = producer.paused
        self._closes.add(*producers)

    def closed(self, producer_id: str) -> Source | None:
        """The server has closed a producer. Returns its source if it was one of this client's."""
        found = next((source for source, one in self._sent.items() if one.producer_id == producer_id), None)
        if found is not None:
            self._drop(found)
        return found

    def drop_all(self) -> None:
        """Stops all senders."""
        for source in list(self._sent):
            self._drop(source)

    async def _send(self) -> None:
        if not self._context.active:
            return
        for source, sent in list(self._sent.items()):
            if self._local.get(source) is not sent.publication:
                self._drop(source)
                self._closes.add(sent.producer_id)
        for source, publication in list(self._local.items()):
            current = self._sent.get(source) or await self._produce(source, publication)
            paused = publication.muted
            current.sender.set_paused(paused)
            if current.paused != paused:
                change = PauseProducer if paused else ResumeProducer
                await self._context.signaling.request(change(producer_id=current.producer_id))
                current.paused = paused
        error = await self._closes.perform()
        if error is not None:
            raise error

    async def _produce(self, source: Source, publication: LocalPublication) -> _Sent:
        transport = await self._transports.get("send")
        mid, self._next_mid = str(self._next_mid), self._next_mid + 1
        sender = Sender(
            transport,
            publication.track,
            self._context.router_capabilities,
            self._codec,
            mid=mid,
            cname=self._cname,
            on_ended=lambda: self._listener.track_ended(publication),
        )
        paused = publication.muted
        produced = await self._context.signaling.request(
            Produce(
                transport_id=transport.id,
                kind=publication.kind,
                rtp_parameters=sender.rtp_parameters,
                app_data={"source": source},
                paused=paused,
                source=source,
            )
        )
        if produced.paused:  # a moderator muted the source
            paused = True
            publication.set_muted(True)
        sent = _Sent(produced.id, publication, sender, paused)
        if self._transports.existing("send") is not transport:
            raise CallError("unreachable", "The transport was closed meanwhile.", retryable=True)
        self._sent[source] = sent
        sender.set_paused(paused)
        await sender.start()
        return sent

    def _drop(self, source: Source) -> None:
        sent = self._sent.pop(source, None)
        if sent is not None:
            self._context.spawn(sent.sender.stop())
