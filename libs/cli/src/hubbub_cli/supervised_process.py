"""One supervised child process: applies the state machine of `restart_policy` to a real process."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .child_command import bound_to_parent
from .restart_policy import Action, ChildEvent, ChildState, delay_before_restart, failures_after, transition

MAX_LINE = 64 * 1024
"""Bytes of a log line. A longer one is split into several lines."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A command and its stop timeout."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    grace: float = 5.0
    """Seconds between the signal that stops it and SIGKILL."""
    stop_signal: signal.Signals = signal.SIGTERM
    """The signal that stops it together with the others."""


@dataclass(frozen=True, slots=True)
class Started:
    """The child runs."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Exited:
    """The child exited by itself. It is restarted after `delay` seconds."""

    name: str
    how: str
    """In words, such as `exited with status 1`."""
    delay: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """The child exited because it was asked to."""

    name: str
    killed: bool
    """It did not stop within its grace period."""


@dataclass(frozen=True, slots=True)
class OutputLine:
    """The child wrote a line to stdout or stderr."""

    name: str
    text: str


ProcessEvent = Started | Exited | Stopped | OutputLine


class SupervisedProcess:
    """Runs one child and restarts it until it is asked to stop.

    All methods belong to one event loop in the main thread: the kernel kills the child when the thread that started it
    ends.
    """

    def __init__(self, spec: ProcessSpec, on_event: Callable[[ProcessEvent], None]) -> None:
        self.spec = spec
        self.state = ChildState.IDLE
        self._on_event = on_event
        self._inputs: asyncio.Queue[ChildEvent] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._started_at = 0.0
        self._failures = 0
        self._start_error: str | None = None
        self._killed = False

    @property
    def pid(self) -> int | None:
        """The pid while the child runs, otherwise None."""
        return self._process.pid if self._process is not None and self.state is not ChildState.WAITING else None

    async def run(self) -> None:
        """Starts the child and keeps it running. Returns after `stop`, once the child has exited.

        When cancelled, it kills the child and waits for its exit.
        """
        self._inputs.put_nowait(ChildEvent.START)
        try:
            while self.state is not ChildState.STOPPED:
                await self._handle(await self._inputs.get())
        finally:
            self._cancel_timer()
            await self._reap()

    def restart(self) -> None:
        """Sends SIGTERM. The exit counts as the child's own, so it is started again."""
        self._send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Sends its stop signal, and SIGKILL after the grace period."""
        self._inputs.put_nowait(ChildEvent.STOP)

    def end_grace(self) -> None:
        """Ends the grace period of a child that is stopping."""
        self._inputs.put_nowait(ChildEvent.GRACE_OVER)

    async def _handle(self, event: ChildEvent) -> None:
        before = self.state
        self.state, action = transition(before, event)
        match action:
            case Action.SPAWN:
                await self._spawn()
            case Action.SCHEDULE:
                self._schedule_restart()
            case Action.TERMINATE:
                self._send_signal(self.spec.stop_signal)
                self._start_timer(self.spec.grace, ChildEvent.GRACE_OVER)
            case Action.KILL:
                self._killed = True
                self._send_signal(signal.SIGKILL)
            case Action.NOTHING:
                pass
        if self.state is ChildState.STOPPED and before is ChildState.STOPPING:
            self._on_event(Stopped(self.spec.name, self._killed))

    async def _spawn(self) -> None:
        self._started_at = asyncio.get_running_loop().time()
        try:
            self._process = await self._create_process()
        except OSError as error:  # too many processes or open files: it may work later
            self._process, self._start_error = None, f"could not be started: {error}"
            self._inputs.put_nowait(ChildEvent.EXITED)
            return
        self._watcher = asyncio.create_task(self._watch(self._process), name=f"watch {self.spec.name}")
        self._on_event(Started(self.spec.name, self._process.pid))

    async def _create_process(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *bound_to_parent(self.spec.command),
            env=dict(self.spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C in the terminal must reach the supervisor only, which stops the children in order.
            start_new_session=True,
        )

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Reports the child's output until the child exits."""
        if process.stdout is None:
            raise RuntimeError("a child was started without a pipe")
        # A grandchild may keep the pipe open, so wait for the child's exit, not for the end of its output.
        lines = asyncio.create_task(self._read_lines(process.stdout))
        try:
            await process.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lines, timeout=0.5)
        finally:
            self._inputs.put_nowait(ChildEvent.EXITED)

    async def _read_lines(self, stream: asyncio.StreamReader) -> None:
        pending = b""
        while chunk := await stream.read(MAX_LINE):
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) >= MAX_LINE:
                lines.append(pending)
                pending = b""
            for line in lines:
                self._on_event(OutputLine(self.spec.name, line.decode(errors="replace")))
        if pending:
            self._on_event(OutputLine(self.spec.name, pending.decode(errors="replace")))

    def _schedule_restart(self) -> None:
        self._failures = failures_after(self._failures, asyncio.get_running_loop().time() - self._started_at)
        delay = delay_before_restart(self._failures)
        how = self._start_error or describe_exit(None if self._process is None else self._process.returncode)
        self._start_error = None
        self._on_event(Exited(self.spec.name, how, delay))
        self._start_timer(delay, ChildEvent.DELAY_OVER)

    def _start_timer(self, delay: float, event: ChildEvent) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(delay, self._inputs.put_nowait, event)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_signal(self, number: signal.Signals) -> None:
        """Signals the child. SIGKILL goes to its whole process group."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    async def _reap(self) -> None:
        self._send_signal(signal.SIGKILL)
        if self._watcher is not None:
            await self._watcher


def describe_exit(code: int | None) -> str:
    """An exit status, or the signal that killed the process, in words."""
    if code is None:
        return "ended"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"
    return f"exited with status {code}"
