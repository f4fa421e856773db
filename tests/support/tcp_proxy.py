"""A TCP proxy that can drop its connections."""

import asyncio
from types import TracebackType
from typing import Self


class TcpProxy:
    """Forwards connections to `port` of the loopback interface."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.discards = False
        """Discards what arrives, on open connections: the link is dead, and neither end knows it."""

    async def start(self) -> None:
        """Accepts connections, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Aborts all connections and refuses new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_target = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = ((reader, to_target[1]), (to_target[0], writer))
        await asyncio.gather(*(self._forward(*end) for end in ends))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(65536):
                if not self.discards:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            writer.transport.abort()
        finally:
            writer.close()
            self._writers.discard(writer)

    async def __aenter__(self) -> Self:
        """Starts to accept connections."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Aborts all connections."""
        await self.cut()
