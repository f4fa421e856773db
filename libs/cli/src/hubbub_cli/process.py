"""One supervised child: carries out on a real process what the table in `restart` says."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hubbub_cli.child_command import bound_to_us
from hubbub_cli.restart import Action, Signal, State, delay_before_restart, failures_after, step

MAX_LINE = 64 * 1024
"""Bytes of a log line; the rest of a longer one is shown as lines of its own."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run, and how long it may take to end."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    grace: float = 5.0
    """Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Started:
    """The child runs."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """It ended by itself and comes back after `delay` seconds."""

    name: str
    how: str
    delay: float


@dataclass(frozen=True, slots=True)
class Ended:
    """It ended as it was told to; `killed`: not in time."""

    name: str
    killed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """It wrote a line."""

    name: str
    text: str


Notice = Started | Died | Ended | Line


class SupervisedProcess:
    """Runs one child until told to stop.

    All methods belong to one event loop, and that to the main thread: the kernel kills the child when the
    thread that started it ends.
    """

    def __init__(self, spec: ProcessSpec, tell: Callable[[Notice], None]) -> None:
        self.spec = spec
        self.state = State.IDLE
        self._tell = tell
        self._signals: asyncio.Queue[Signal] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._started_at = 0.0
        self._failures = 0
        self._killed = False

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._process.pid if self._process is not None and self.state is not State.WAITING else None

    async def run(self) -> None:
        """Starts the child and keeps it alive; returns once `stop` has been obeyed.

        Cancelled: kills the child and waits for its end.
        """
        self._signals.put_nowait(Signal.START)
        try:
            while self.state is not State.STOPPED:
                await self._handle(await self._signals.get())
        finally:
            self._cancel_timer()
            await self._reap()

    def stop(self) -> None:
        """Asks for an orderly end."""
        self._signals.put_nowait(Signal.STOP)

    def hurry(self) -> None:
        """Ends the grace time of a child that is being stopped."""
        self._signals.put_nowait(Signal.GRACE_OVER)

    async def _handle(self, happened: Signal) -> None:
        before = self.state
        self.state, action = step(before, happened)
        match action:
            case Action.SPAWN:
                await self._spawn()
            case Action.SCHEDULE:
                self._schedule()
            case Action.TERMINATE:
                self._send(signal.SIGTERM)
                self._after(self.spec.grace, Signal.GRACE_OVER)
            case Action.KILL:
                self._killed = True
                self._send(signal.SIGKILL)
            case Action.NOTHING:
                pass
        if self.state is State.STOPPED and before is State.STOPPING:
            self._tell(Ended(self.spec.name, self._killed))

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *bound_to_us(self.spec.command),
            env=dict(self.spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C of the terminal reaches us alone: the order of the ends is ours to choose.
            start_new_session=True,
        )
        self._started_at = asyncio.get_running_loop().time()
        self._watcher = asyncio.create_task(self._watch(self._process), name=f"watch {self.spec.name}")
        self._tell(Started(self.spec.name, self._process.pid))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Passes its lines on until it ends."""
        if process.stdout is None:
            raise RuntimeError("a child was started without a pipe")
        # A grandchild may hold the pipe open: the end of the child counts, not the end of its output.
        lines = asyncio.create_task(self._read_lines(process.stdout))
        await process.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(lines, timeout=0.5)
        self._signals.put_nowait(Signal.EXITED)

    async def _read_lines(self, stream: asyncio.StreamReader) -> None:
        pending = b""
        while chunk := await stream.read(MAX_LINE):
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) >= MAX_LINE:
                lines.append(pending)
                pending = b""
            for line in lines:
                self._tell(Line(self.spec.name, line.decode(errors="replace")))
        if pending:
            self._tell(Line(self.spec.name, pending.decode(errors="replace")))

    def _schedule(self) -> None:
        self._failures = failures_after(self._failures, asyncio.get_running_loop().time() - self._started_at)
        delay = delay_before_restart(self._failures)
        code = self._process.returncode if self._process is not None else None
        self._tell(Died(self.spec.name, describe_exit(code), delay))
        self._after(delay, Signal.DELAY_OVER)

    def _after(self, delay: float, then: Signal) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(delay, self._signals.put_nowait, then)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, number: signal.Signals) -> None:
        """To the child, and when it is to be killed to whatever it has started."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    async def _reap(self) -> None:
        self._send(signal.SIGKILL)
        if self._watcher is not None:
            await self._watcher


def describe_exit(code: int | None) -> str:
    """For a person: an exit status, or the signal that ended it."""
    if code is None:
        return "ended"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"
    return f"exited with status {code}"
