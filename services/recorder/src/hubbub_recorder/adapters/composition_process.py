"""A process that makes one composition, seen from the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence

import structlog
from pydantic import ValidationError

from hubbub_contracts.encoded import encode

from .composing.job import ANSWER, Answer, Job

_log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-m", "hubbub_recorder.composer")


class CompositionProcess:
    """Runs from `start` to `stop`. It ends by itself when this process is killed, because nobody reads its answers."""

    def __init__(
        self, process: asyncio.subprocess.Process, input_: asyncio.StreamWriter, output: asyncio.StreamReader
    ) -> None:
        self._process = process
        self._input = input_
        self._output = output

    @classmethod
    async def start(cls, job: Job, command: Sequence[str] = COMMAND) -> CompositionProcess:
        """Starts the process with its job. Raises OSError."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, start_new_session=True)
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # it has ended: `answers` has none
            process.stdin.write(encode(job) + b"\n")
            await process.stdin.drain()
        return cls(process, process.stdin, process.stdout)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    async def answers(self) -> AsyncIterator[Answer]:
        """Yields its answers until it ends. The last one is the result, unless it was killed."""
        async for line in self._output:
            try:
                yield ANSWER.validate_json(line)
            except ValidationError as error:
                _log.error("an answer of a composing process cannot be read", error=str(error))

    def recording_finished(self) -> None:
        """Says that the recording has finished. May be repeated."""
        self._input.close()

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> int:
        """Ends it, and returns its exit code when it has ended."""
        self.kill()
        self._input.close()
        with contextlib.suppress(OSError):
            await self._input.wait_closed()
        return await self._process.wait()
