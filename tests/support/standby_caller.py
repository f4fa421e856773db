"""A caller that has a standby, and goes on there when its media node dies (ADR 51)."""

from __future__ import annotations

import secrets
from typing import Any

from .caller import _TRACKS, Caller, Consumer, rtp_parameters
from .recording import Source
from .rtp_transport import RtpTransport


class StandbyCaller(Caller):
    """A client's socket with media on two nodes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._there: dict[str, RtpTransport] = {}
        self._copies: dict[str, int] = {}
        """The SSRC of each copy, by the producer's id."""

    async def stand_by(self, *directions: str) -> list[str]:
        """Creates transports on the standby. Returns their ids."""
        here = dict(self._by_direction)
        for direction in directions:
            self._there[direction] = await self.transport(direction, home="standby")
        self._by_direction = here
        return [each.id for each in self._there.values()]

    async def copy(self, producer_id: str, **more: Any) -> str:
        """Makes a copy of a producer, which sends nothing. Returns its id. `more` are further fields of `produce`."""
        kind = "video" if self.sources[producer_id].track.is_video else "audio"
        ssrc = self._copies[producer_id] = secrets.randbelow(1 << 31) + 1
        parameters = rtp_parameters(kind, ssrc, mid=str(list(self.sources).index(producer_id)))
        produce = {"transportId": self._there["send"].id, "kind": kind, "rtpParameters": parameters}
        return str((await self.ask("produce", **produce, replaces=producer_id, **more))["id"])

    async def prepare(self, producer_id: str, **more: Any) -> Consumer:
        """Makes a consumer that gets nothing yet. `more` are further fields of `consume`."""
        transport = self._there["recv"]
        consumed = await self.ask("consume", transportId=transport.id, producerId=producer_id, **more)
        await self.ask("resumeConsumer", consumerId=consumed["id"])
        ssrc: int = consumed["rtpParameters"]["encodings"][0]["ssrc"]
        return Consumer(consumed["id"], producer_id, consumed["kind"], ssrc, transport)

    async def go_on(self) -> None:
        """The standby hosts the client: sends over the copies. Needs no request."""
        for producer_id, ssrc in self._copies.items():
            former, transport = self.sources[producer_id], self._there["send"]
            await former.stop()
            kind = "video" if former.track.is_video else "audio"
            self.sources[producer_id] = Source(transport, _TRACKS[kind], ssrc)
            if kind == "video":
                transport.on_key_frame_request = self._on_key_frame_request
        self._by_direction |= self._there
        self._there, self._copies = {}, {}
