"""SupervisedProcess with real child processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hubbub_cli.supervised_process import (
    Exited,
    OutputLine,
    ProcessEvent,
    ProcessSpec,
    Started,
    Stopped,
    SupervisedProcess,
    describe_exit,
)

FOREVER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


class Supervised:
    """A child and its events."""

    def __init__(self, script: str, grace: float, stop_signal: signal.Signals) -> None:
        self.events: asyncio.Queue[ProcessEvent] = asyncio.Queue()
        spec = ProcessSpec("child", [sys.executable, "-c", script], dict(os.environ), grace, stop_signal)
        self.process = SupervisedProcess(spec, self.events.put_nowait)

    async def next(self, kind: type[ProcessEvent]) -> ProcessEvent:
        """The next event of this kind; other events are skipped."""
        async with asyncio.timeout(30):
            while not isinstance(event := await self.events.get(), kind):
                pass
            return event


@asynccontextmanager
async def supervised(
    script: str, grace: float = 5.0, stop_signal: signal.Signals = signal.SIGTERM
) -> AsyncIterator[Supervised]:
    child = Supervised(script, grace, stop_signal)
    task = asyncio.create_task(child.process.run())
    try:
        yield child
    finally:
        child.process.stop()
        await task


async def test_killed_child_is_restarted() -> None:
    async with supervised(FOREVER) as child:
        first = await child.next(Started)
        await child.next(OutputLine)
        assert isinstance(first, Started)
        os.kill(first.pid, signal.SIGKILL)
        exited = await child.next(Exited)
        second = await child.next(Started)
    assert isinstance(exited, Exited)
    assert exited.how == "killed by SIGKILL"
    assert isinstance(second, Started)
    assert second.pid != first.pid


async def test_restart_delay_grows_with_each_failure() -> None:
    async with supervised("raise SystemExit(3)") as child:
        exits = [await child.next(Exited) for _ in range(2)]
    assert [d.how for d in exits if isinstance(d, Exited)] == ["exited with status 3"] * 2
    first, second = (d.delay for d in exits if isinstance(d, Exited))
    assert first < second


async def test_child_that_exits_on_sigterm_is_not_killed() -> None:
    async with supervised(FOREVER) as child:
        await child.next(OutputLine)
        child.process.stop()
        assert await child.next(Stopped) == Stopped("child", killed=False)


async def test_child_that_ignores_sigterm_is_killed_after_its_grace_period() -> None:
    async with supervised(STUBBORN, grace=0.1) as child:
        await child.next(OutputLine)
        child.process.stop()
        assert await child.next(Stopped) == Stopped("child", killed=True)


async def test_child_is_stopped_by_its_stop_signal() -> None:
    async with supervised(STUBBORN, stop_signal=signal.SIGINT) as child:
        await child.next(OutputLine)
        child.process.stop()
        assert await child.next(Stopped) == Stopped("child", killed=False)


async def test_stop_during_the_delay_prevents_the_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    delay = 2.0  # longer than a busy machine takes until the stop
    monkeypatch.setattr("hubbub_cli.supervised_process.delay_before_restart", lambda _failures: delay)
    async with supervised("raise SystemExit(1)") as child:
        await child.next(Exited)
        child.process.stop()
        await asyncio.sleep(delay + 0.2)
        assert child.events.empty()


async def test_output_is_split_into_lines_and_an_endless_line_into_pieces() -> None:
    script = "import sys; sys.stdout.write('a\\nb\\n' + 'x' * 200_000); sys.stdout.flush(); import time; time.sleep(60)"
    async with supervised(script) as child:
        lines = [await child.next(OutputLine) for _ in range(3)]
    texts = [line.text for line in lines if isinstance(line, OutputLine)]
    assert texts[:2] == ["a", "b"]
    assert set(texts[2]) == {"x"}


def test_describe_exit_names_status_or_signal() -> None:
    assert describe_exit(0) == "exited with status 0"
    assert describe_exit(-15) == "killed by SIGTERM"
    assert describe_exit(-99) == "killed by signal 99"


async def test_failed_start_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    create, failed = SupervisedProcess._create_process, list[str]()

    async def fail_once(self: SupervisedProcess) -> asyncio.subprocess.Process:
        if not failed:
            failed.append("once")
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return await create(self)

    monkeypatch.setattr(SupervisedProcess, "_create_process", fail_once)
    async with supervised(FOREVER) as child:
        exited = await child.next(Exited)
        await child.next(Started)
    assert isinstance(exited, Exited)
    assert "Resource temporarily unavailable" in exited.how
