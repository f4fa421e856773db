"""A TCP proxy that can drop its connections, and delay their data in one or both directions."""

import asyncio
import time
from types import TracebackType
from typing import Self

from hubbub_cli.ports import free_tcp_port


class TcpProxy:
    """Forwards connections to `port` of the loopback interface."""

    def __init__(self, port: int, *, delay: float = 0.0) -> None:
        """`delay`: seconds that data is on its way, in each direction."""
        self._target = port
        self._delay = delay
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = free_tcp_port()
        self.discards = False
        """Discards all received data and keeps the connections open, like a dead link that neither end has noticed."""
        self._to_target = asyncio.Event()
        self._to_client = asyncio.Event()
        self.unblock()

    def block(self, *, to_target: bool = True, to_client: bool = True) -> None:
        """Holds back all bytes of these directions, as a partition does. Connections stay open."""
        for direction, blocked in ((self._to_target, to_target), (self._to_client, to_client)):
            if blocked:
                direction.clear()

    def unblock(self) -> None:
        """Forwards the delayed data, and all data from now on."""
        self._to_target.set()
        self._to_client.set()

    async def start(self) -> None:
        """Accepts connections, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Aborts all connections and refuses new ones."""
        self.unblock()
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)  # `cut` waits for it from now on
        try:
            to_target = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(
                self._forward(reader, to_target[1], self._to_target),
                self._forward(to_target[0], writer, self._to_client),
            )
        except OSError:
            writer.transport.abort()
        finally:
            self._writers.discard(writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event) -> None:
        self._writers.add(writer)
        on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._deliver(on_its_way, writer))
        try:
            while data := await reader.read(65536):
                await passes.wait()
                if self.discards:
                    continue
                if self._delay:
                    on_its_way.put_nowait((time.monotonic() + self._delay, data))
                else:
                    writer.write(data)
                    await writer.drain()
            on_its_way.put_nowait((time.monotonic() + self._delay, b""))
            await arriving
        except ConnectionError:
            writer.transport.abort()
        finally:
            arriving.cancel()
            writer.close()
            self._writers.discard(writer)

    @staticmethod
    async def _deliver(on_its_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        """Writes what is due, until the end of the data."""
        while True:
            due, data = await on_its_way.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                return
            writer.write(data)
            await writer.drain()

    async def __aenter__(self) -> Self:
        """Starts to accept connections."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Aborts all connections."""
        await self.cut()
