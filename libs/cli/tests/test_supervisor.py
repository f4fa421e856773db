"""Several children: a failure of one part does not affect the others."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from hubbub_cli import readiness
from hubbub_cli.layout import SERVICE_GRACE, Layout
from hubbub_cli.reporter import Reporter
from hubbub_cli.supervised_process import OutputLine, ProcessEvent, ProcessSpec, SupervisedProcess
from hubbub_cli.supervisor import Supervisor
from hubbub_cli.up import UpOptions, _Installation
from hubbub_service.lifecycle import STOP_DEADLINE

FOREVER = "import time; print('up', flush=True); time.sleep(60)"


def spec(name: str, script: str = FOREVER) -> ProcessSpec:
    return ProcessSpec(name, [sys.executable, "-c", script], dict(os.environ))


async def until_up(supervisor: Supervisor, names: set[str], lines: list[str]) -> None:
    async with asyncio.timeout(30):
        while not (supervisor.pids().keys() >= names and len(lines) >= len(names)):
            await asyncio.sleep(0.02)


async def test_failing_observer_does_not_end_the_supervision() -> None:
    lines, reported = list[str](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))

    def observe(event: ProcessEvent) -> None:
        if isinstance(event, OutputLine):
            lines.append(event.text)
        raise BrokenPipeError("the terminal is closed")

    supervisor = Supervisor(observe)
    supervisor.start([spec("restarted", "print('up')")])
    async with asyncio.timeout(30):
        while len(lines) < 2:  # the child exits, and is started again
            await asyncio.sleep(0.02)
    await supervisor.stop()
    assert supervisor.pids() == {}
    assert reported


async def test_stop_ends_the_other_children_of_a_failed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    run = SupervisedProcess.run

    async def fail(self: SupervisedProcess) -> None:
        if self.spec.name == "failing":
            raise RuntimeError("a bug")
        await run(self)

    monkeypatch.setattr(SupervisedProcess, "run", fail)
    supervisor = Supervisor(lambda event: lines.append(event.text) if isinstance(event, OutputLine) else None)
    supervisor.start([spec("first")])
    supervisor.start([spec("failing")])
    await until_up(supervisor, {"first"}, lines)
    pid = supervisor.pids()["first"]
    with pytest.raises(RuntimeError, match="a bug"):
        await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_failed_readiness_check_does_not_count_as_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_urls: list[str], _nodes: int) -> None:
        raise ValueError("an odd answer")

    monkeypatch.setattr(readiness, "wait_until_ready", fail)
    layout = Layout(http_port=40000, rtc_min_port=40001, rtc_max_port=40010, workers=1)
    installation = _Installation(UpOptions(layout, tmp_path, {}, "nats://127.0.0.1:1"), Reporter(verbose=False))
    with pytest.raises(ValueError, match="an odd answer"):
        await installation._wait_until_ready()


def test_grace_is_longer_than_the_deadline_of_a_service() -> None:
    assert SERVICE_GRACE > STOP_DEADLINE
