"""Several supervised processes as one: started in order, ended stage by stage in the reverse order."""

import asyncio
from collections.abc import Callable, Sequence

from hubbub_cli.process import Died, Notice, ProcessSpec, SupervisedProcess


class Supervisor:
    """Owns every child of an installation. One event loop, in the main thread."""

    def __init__(self, tell: Callable[[Notice], None]) -> None:
        self._tell = tell
        self._stages: list[list[SupervisedProcess]] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.deaths: dict[str, int] = {}
        """Name to how often it ended by itself."""

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Starts one stage more, which will end before those that were started earlier."""
        stage = [SupervisedProcess(spec, self._hear) for spec in specs]
        self._stages.append(stage)
        for process in stage:
            self._tasks[process.spec.name] = asyncio.create_task(process.run(), name=process.spec.name)

    def pids(self) -> dict[str, int]:
        """Name to pid, of those that run."""
        return {p.spec.name: p.pid for stage in self._stages for p in stage if p.pid is not None}

    async def stop(self) -> None:
        """Ends all, the youngest stage first; returns when none is left."""
        while self._stages:
            stage = self._stages[-1]
            for process in stage:
                process.stop()
            await asyncio.gather(*(self._tasks[p.spec.name] for p in stage))
            self._stages.pop()

    def kill(self) -> None:
        """Ends all at once; `stop` then returns soon."""
        for stage in self._stages:
            for process in stage:
                process.stop()
                process.hurry()

    def _hear(self, notice: Notice) -> None:
        if isinstance(notice, Died):
            self.deaths[notice.name] = self.deaths.get(notice.name, 0) + 1
        self._tell(notice)
