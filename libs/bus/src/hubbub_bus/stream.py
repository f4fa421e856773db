"""What all streams have in common: their creation, their errors and how full they are."""

from __future__ import annotations

import nats.errors
import nats.js.errors
import structlog
from nats.js import JetStreamContext, api

from hubbub_contracts import ErrorCode, HubbubError

from .bus import Bus
from .connection import Connection
from .kv import WRITE_TIMEOUT

FAILURES = (nats.errors.Error, TimeoutError)
"""How the client says that a request was not answered, or was refused."""

_log = structlog.get_logger(__name__)


class Stream:
    """One stream with a configuration."""

    def __init__(self, bus: Bus, config: api.StreamConfig) -> None:
        """Does nothing before `ensure`."""
        self.connection: Connection = bus.connection
        self.js: JetStreamContext = bus.connection.client.jetstream(timeout=WRITE_TIMEOUT)
        self.name = config.name or ""
        self._config = config

    async def ensure(self, first_sequence: int | None = None) -> None:
        """Creates the stream, or gives an existing one this configuration. Raises `unavailable`.

        `first_sequence` is that of a new stream.
        """
        self.connection.require_connected()
        try:
            await self.js.add_stream(self._config.evolve(first_seq=first_sequence))
        except nats.js.errors.APIError as error:
            try:
                stored = (await self.js.stream_info(self.name)).config
                await self.js.update_stream(self._config.evolve(first_seq=stored.first_seq))
            except FAILURES:
                raise self.failed(error) from error
        except FAILURES as error:
            raise self.failed(error) from error

    async def fill_level(self) -> float:
        """The share of the configured size that is used, from 0 to 1. Raises `unavailable`."""
        self.connection.require_connected()
        try:
            info = await self.js.stream_info(self.name)
        except FAILURES as error:
            raise self.failed(error) from error
        return info.state.bytes / (self._config.max_bytes or 1)

    def failed(self, error: object) -> HubbubError:
        """The error to raise for `error`, which is logged."""
        _log.info("a stream does not answer", stream=self.name, error=str(error))
        return HubbubError(ErrorCode.UNAVAILABLE, f"the store {self.name} does not answer", retryable=True)
