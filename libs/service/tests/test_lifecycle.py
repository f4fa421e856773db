"""A service from start to stop, as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

SERVICE = """
import asyncio, sys
from hubbub_service.lifecycle import Lifecycle, run
from hubbub_service.settings import ServiceSettings, load

async def say(text):
    print(text, flush=True)

async def start(life):
    life.on_stop(lambda: say("first started, last stopped"))
    life.on_stop(lambda: say("last started, first stopped"))
    {start}
    print("started", flush=True)

sys.exit(run("test", load(ServiceSettings), start))
"""


def launch(start: str = "pass", **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVICE.format(start=start)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_a_signal_stops_in_the_opposite_order_of_the_start() -> None:
    with launch() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
    assert out.splitlines() == ["last started, first stopped", "first started, last stopped"]
    assert process.returncode == 0


def test_a_vital_task_that_ends_ends_the_service_as_failed() -> None:
    with launch('life.vital(asyncio.sleep(0), "heart")') as process:
        _, logged = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "heart has ended" in logged


def test_a_start_that_fails_undoes_what_had_started() -> None:
    with launch('raise RuntimeError("no bus")') as process:
        out, logged = process.communicate(timeout=10)
    assert process.returncode == 1
    assert out.splitlines() == ["last started, first stopped", "first started, last stopped"]
    assert "no bus" in logged


def test_a_wrong_setting_is_named_and_ends_the_start() -> None:
    with launch(LOG_LEVEL="loud") as process:
        _, logged = process.communicate(timeout=10)
    assert process.returncode == 2
    assert logged.startswith("LOG_LEVEL: ")


def test_collected_logs_are_json_and_name_the_service() -> None:
    with launch('raise RuntimeError("no bus")') as process:
        _, logged = process.communicate(timeout=10)
    line = logged.splitlines()[0]
    assert '"service": "test"' in line
    assert '"level": "error"' in line
