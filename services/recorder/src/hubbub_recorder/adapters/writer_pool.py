"""The processes that write files, seen from the event loop.

Rules
- Nothing here blocks the loop: a thread for each process sends, another one receives.
- Frames are sent every BATCH_INTERVAL. With more than MAX_BACKLOG bytes that a process has not taken, frames are
  refused until it has caught up.
- A process that dies is replaced. Its files fail; what they have stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import structlog

from hubbub_service import cancel_and_wait

from .track_file import TimedPacket
from .writer_process import Answer, Close, Closed, Command, Failed, Open, Repair, Write

_log = structlog.get_logger(__name__)

BATCH_INTERVAL = 0.1
"""Seconds."""
MAX_BACKLOG = 64 * 1024 * 1024
STOP_TIMEOUT = 5.0
"""Seconds in which a process ends after its pipe was closed."""

OnAnswer = Callable[[Answer], None]


@dataclass(eq=False)
class OpenFile:
    """A file that is being written."""

    file_id: int
    process: _Process
    on_answer: OnAnswer
    pending: list[TimedPacket] = field(default_factory=list)

    def write(self, packet: TimedPacket) -> bool:
        """Appends a frame. False: it was refused, because the process is behind."""
        if self.process.backlog > MAX_BACKLOG:
            return False
        self.process.backlog += len(packet.data)
        self.pending.append(packet)
        return True

    def close(self) -> None:
        """Closes and completes the file. `on_answer` gets the result."""
        self.flush()
        self.process.send(Close(self.file_id))

    def flush(self) -> None:
        """Sends what is pending."""
        if self.pending:
            packets, self.pending = self.pending, []
            self.process.send(Write(self.file_id, packets))


class WriterPool:
    """A fixed number of processes."""

    def __init__(self, processes: int) -> None:
        self._count = processes
        self._processes: list[_Process] = []
        self._next_id = 0
        self._flushing: asyncio.Task[None] | None = None

    @property
    def pids(self) -> list[int]:
        """The ids of the processes."""
        return [process.pid for process in self._processes]

    async def start(self) -> None:
        """Starts the processes."""
        self._processes = [
            await asyncio.to_thread(_Process.start, asyncio.get_running_loop()) for _ in range(self._count)
        ]
        self._flushing = asyncio.create_task(self._flush_periodically(), name="flush-files")

    async def stop(self) -> None:
        """Ends the processes. Files that are open stay incomplete."""
        if self._flushing is not None:
            await cancel_and_wait(self._flushing)
        self._flush()
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process in self._processes))

    def open(self, path: Path, codec: str, first: bytes, on_answer: OnAnswer) -> OpenFile:
        """Creates a file for a track whose first frame is `first`. `on_answer` gets its end: closed, or failed."""
        file = self._new_file(on_answer)
        file.process.send(Open(file.file_id, path, codec, first))
        return file

    def repair(self, path: Path, on_answer: OnAnswer) -> None:
        """Completes a file that a killed process left."""
        file = self._new_file(on_answer)
        file.process.send(Repair(file.file_id, path))

    def _new_file(self, on_answer: OnAnswer) -> OpenFile:
        for index, process in enumerate(self._processes):
            if not process.is_alive:
                self._processes[index] = _Process.start(asyncio.get_running_loop())
        process = min(self._processes, key=lambda one: len(one.files))
        self._next_id += 1
        file = OpenFile(self._next_id, process, on_answer)
        process.files[file.file_id] = file
        return file

    def _flush(self) -> None:
        for process in self._processes:
            for file in process.files.values():
                file.flush()

    async def _flush_periodically(self) -> None:
        while True:
            await asyncio.sleep(BATCH_INTERVAL)
            self._flush()


class _Process:
    """One process with its threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self.files: dict[int, OpenFile] = {}
        self.backlog = 0
        """Bytes that the process has not taken."""
        self.is_alive = True
        commands, self._commands = Pipe(duplex=False)
        self._answers, answers = Pipe(duplex=False)
        ends = (commands.fileno(), answers.fileno())
        command = [sys.executable, "-m", "hubbub_recorder.writer", *map(str, ends)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=ends)
        commands.close()
        answers.close()
        self._threads = [
            threading.Thread(target=self._send, name="writer-commands", daemon=True),
            threading.Thread(target=self._receive, args=(self._answers,), name="writer-answers", daemon=True),
        ]

    @classmethod
    def start(cls, loop: asyncio.AbstractEventLoop) -> _Process:
        """Starts the process, which takes some 100 ms."""
        process = cls(loop)
        for thread in process._threads:
            thread.start()
        return process

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def stop(self) -> None:
        """Closes the pipe, and waits until the process has ended."""
        self._queue.put(None)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def send(self, command: Command) -> None:
        """Queues a command."""
        self._queue.put(command)

    def _send(self) -> None:
        with contextlib.suppress(OSError):
            while (command := self._queue.get()) is not None:
                self._commands.send(command)
                if isinstance(command, Write):
                    taken = sum(len(packet.data) for packet in command.packets)
                    self._loop.call_soon_threadsafe(self._taken, taken)
        self._commands.close()

    def _receive(self, answers: Connection) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._loop.call_soon_threadsafe(self._answered, answers.recv())
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._ended)

    def _taken(self, size: int) -> None:
        self.backlog -= size

    def _answered(self, answer: Answer) -> None:
        file = self.files.pop(answer.file_id, None)
        if file is not None:
            file.on_answer(answer)

    def _ended(self) -> None:
        self.is_alive = False
        files, self.files = self.files, {}
        if files:
            _log.error("a writer process ended", files=len(files), exit_code=self._process.poll())
        for file in files.values():
            file.on_answer(Failed(file.file_id, "failed", "the writer process ended"))


__all__ = ["Answer", "Closed", "Failed", "OpenFile", "WriterPool"]
