"""A process that writes files: what it is told, and what it answers.

It ends when the recorder's end of the pipe is closed, also when the recorder was killed, and closes its files first.
"""

from __future__ import annotations

import contextlib
import errno
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import av

from .track_file import TimedPacket, TrackFile, complete

FailureCause = Literal["disk_full", "failed"]


@dataclass(frozen=True, slots=True)
class Open:
    """Creates a file."""

    file_id: int
    path: Path
    codec: str
    first: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """Appends frames to a file."""

    file_id: int
    packets: Sequence[TimedPacket]


@dataclass(frozen=True, slots=True)
class Close:
    """Closes a file and completes it. Answered by `Closed`."""

    file_id: int


@dataclass(frozen=True, slots=True)
class Repair:
    """Completes a file that a killed process left. Answered by `Closed`."""

    file_id: int
    path: Path


@dataclass(frozen=True, slots=True)
class Closed:
    """A file is closed."""

    file_id: int
    bytes: int
    duration: int | None
    """Milliseconds; None: the file could not be completed, and is as it was."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A file could not be written. It keeps what it has."""

    file_id: int
    cause: FailureCause
    message: str


Command = Open | Write | Close | Repair
Answer = Closed | Failed


def run(commands: Connection, answers: Connection) -> None:
    """Carries out commands until the pipe is closed."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # the recorder decides when everything is written
    writer = Writer()
    with contextlib.suppress(EOFError, OSError):
        while True:
            answer = writer.carry_out(commands.recv())
            if answer is not None:
                answers.send(answer)
    writer.abandon()


class Writer:
    """The open files of a process."""

    def __init__(self) -> None:
        self._files: dict[int, tuple[Path, TrackFile]] = {}

    def carry_out(self, command: Command) -> Answer | None:
        """Returns what to answer."""
        try:
            match command:
                case Open(file_id, path, codec, first):
                    self._files[file_id] = (path, TrackFile(path, codec, first))
                case Write(file_id, packets):
                    if file_id in self._files:  # else it has failed
                        self._files[file_id][1].write(packets)
                case Close(file_id):
                    if file_id in self._files:
                        path, file = self._files.pop(file_id)
                        file.close()
                        return _completed(file_id, path)
                case Repair(file_id, path):
                    return _completed(file_id, path)
        except (OSError, ValueError, av.FFmpegError) as error:
            return self._failed(command.file_id, error)
        return None

    def abandon(self) -> None:
        """Closes all files without completing them."""
        for _, file in self._files.values():
            with contextlib.suppress(OSError, ValueError, av.FFmpegError):
                file.close()

    def _failed(self, file_id: int, error: Exception) -> Failed:
        _, file = self._files.pop(file_id, (None, None))
        if file is not None:
            with contextlib.suppress(OSError, ValueError, av.FFmpegError):
                file.close()
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        return Failed(file_id, "disk_full" if full else "failed", str(error))


def _completed(file_id: int, path: Path) -> Closed:
    duration: int | None = None
    with contextlib.suppress(OSError, ValueError, av.FFmpegError):
        duration = complete(path)
    return Closed(file_id, path.stat().st_size, duration)
