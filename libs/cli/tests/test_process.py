"""One supervised child: a real process."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hubbub_cli.process import Died, Ended, Line, Notice, ProcessSpec, Started, SupervisedProcess, describe_exit

FOREVER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


class Supervised:
    """A child and what was heard of it."""

    def __init__(self, script: str, grace: float) -> None:
        self.heard: asyncio.Queue[Notice] = asyncio.Queue()
        spec = ProcessSpec("child", [sys.executable, "-c", script], dict(os.environ), grace)
        self.process = SupervisedProcess(spec, self.heard.put_nowait)

    async def next(self, kind: type[Notice]) -> Notice:
        """The next notice of this kind; others are passed over."""
        async with asyncio.timeout(10):
            while not isinstance(notice := await self.heard.get(), kind):
                pass
            return notice


@asynccontextmanager
async def supervised(script: str, grace: float = 5.0) -> AsyncIterator[Supervised]:
    child = Supervised(script, grace)
    task = asyncio.create_task(child.process.run())
    try:
        yield child
    finally:
        child.process.stop()
        await task


async def test_a_child_that_is_killed_comes_back_as_a_new_process() -> None:
    async with supervised(FOREVER) as child:
        first = await child.next(Started)
        await child.next(Line)
        assert isinstance(first, Started)
        os.kill(first.pid, signal.SIGKILL)
        died = await child.next(Died)
        second = await child.next(Started)
    assert isinstance(died, Died)
    assert died.how == "killed by SIGKILL"
    assert isinstance(second, Started)
    assert second.pid != first.pid


async def test_a_child_that_keeps_failing_is_started_ever_more_slowly() -> None:
    async with supervised("raise SystemExit(3)") as child:
        deaths = [await child.next(Died) for _ in range(2)]
    assert [d.how for d in deaths if isinstance(d, Died)] == ["exited with status 3"] * 2
    first, second = (d.delay for d in deaths if isinstance(d, Died))
    assert first < second


async def test_a_child_that_obeys_is_not_killed() -> None:
    async with supervised(FOREVER) as child:
        await child.next(Line)
        child.process.stop()
        assert await child.next(Ended) == Ended("child", killed=False)


async def test_a_child_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    async with supervised(STUBBORN, grace=0.1) as child:
        await child.next(Line)
        child.process.stop()
        assert await child.next(Ended) == Ended("child", killed=True)


async def test_a_stop_during_the_delay_starts_nothing() -> None:
    async with supervised("raise SystemExit(1)") as child:
        await child.next(Died)
        await child.next(Died)
        child.process.stop()
        await asyncio.sleep(0.6)
        assert child.heard.empty()


async def test_lines_come_one_by_one_and_an_endless_one_in_pieces() -> None:
    script = "import sys; sys.stdout.write('a\\nb\\n' + 'x' * 200_000); sys.stdout.flush(); import time; time.sleep(60)"
    async with supervised(script) as child:
        lines = [await child.next(Line) for _ in range(3)]
    texts = [line.text for line in lines if isinstance(line, Line)]
    assert texts[:2] == ["a", "b"]
    assert set(texts[2]) == {"x"}


def test_an_exit_is_told_in_words() -> None:
    assert describe_exit(0) == "exited with status 0"
    assert describe_exit(-15) == "killed by SIGTERM"
    assert describe_exit(-99) == "killed by signal 99"
