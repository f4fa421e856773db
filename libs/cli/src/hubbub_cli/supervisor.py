"""Several supervised processes: started in stages, and stopped stage by stage in the reverse order."""

import asyncio
from collections.abc import Callable, Sequence

from .supervised_process import Exited, ProcessEvent, ProcessSpec, SupervisedProcess


class Supervisor:
    """Owns all child processes of an installation. One event loop, in the main thread."""

    def __init__(self, on_event: Callable[[ProcessEvent], None]) -> None:
        self._on_event = on_event
        self._stages: list[list[SupervisedProcess]] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.exits: dict[str, int] = {}
        """The number of unexpected exits of each process, by name."""

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Starts another stage. It will stop before the stages that were started earlier."""
        stage = [SupervisedProcess(spec, self._handle) for spec in specs]
        self._stages.append(stage)
        for process in stage:
            self._tasks[process.spec.name] = asyncio.create_task(process.run(), name=process.spec.name)

    def pids(self) -> dict[str, int]:
        """The pid of each running process, by name."""
        return {p.spec.name: p.pid for stage in self._stages for p in stage if p.pid is not None}

    def restart(self, name: str) -> None:
        """Restarts one process."""
        for stage in self._stages:
            for process in stage:
                if process.spec.name == name:
                    process.restart()

    async def stop(self) -> None:
        """Stops all processes, the newest stage first. Returns when all have exited.

        Raises the first failure of a process's supervision after that.
        """
        failures: list[BaseException] = []
        while self._stages:
            stage = self._stages[-1]
            for process in stage:
                process.stop()
            results = await asyncio.gather(*(self._tasks[p.spec.name] for p in stage), return_exceptions=True)
            failures += [result for result in results if result is not None]
            self._stages.pop()
        if failures:
            raise failures[0]

    def kill(self) -> None:
        """Kills all processes without a grace period. A pending `stop` then returns soon."""
        for stage in self._stages:
            for process in stage:
                process.stop()
                process.end_grace()

    def _handle(self, event: ProcessEvent) -> None:
        if isinstance(event, Exited):
            self.exits[event.name] = self.exits.get(event.name, 0) + 1
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001  a closed terminal or a full disk must not end the supervision
            asyncio.get_running_loop().call_exception_handler({"message": "an event was not shown", "exception": error})
