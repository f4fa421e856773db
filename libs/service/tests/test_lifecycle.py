"""A service stops when it is told to, in order, in bounded time, and says how it ended."""

import subprocess
import sys
import textwrap

import pytest

HEAD = """
import asyncio, os, signal
from hubbub_service import Lifecycle, run, configure_logging
configure_logging("test")
async def say(word):
    print(word, flush=True)
"""


def service(body: str) -> "subprocess.CompletedProcess[str]":
    code = HEAD + textwrap.dedent(body) + "\nraise SystemExit(run(main, deadline=1))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_it_in_the_reverse_order(name: str) -> None:
    ended = service(f"""
        async def main(life):
            life.on_stop("first", lambda: say("first"))
            life.on_stop("second", lambda: say("second"))
            os.kill(os.getpid(), signal.{name})
    """)
    assert ended.returncode == 0
    assert [line for line in ended.stdout.splitlines() if line in ("first", "second")] == ["second", "first"]


def test_a_start_that_hangs_can_be_stopped() -> None:
    ended = service("""
        async def main(life):
            life.on_stop("first", lambda: say("undone"))
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
    """)
    assert ended.returncode == 0
    assert "undone" in ended.stdout


def test_a_start_that_fails_is_undone_and_is_a_failure() -> None:
    ended = service("""
        async def main(life):
            life.on_stop("first", lambda: say("undone"))
            raise RuntimeError("no port")
    """)
    assert ended.returncode == 1
    assert "undone" in ended.stdout
    assert "no port" in ended.stdout


def test_the_end_of_a_vital_task_ends_the_service() -> None:
    ended = service("""
        async def broken():
            raise RuntimeError("lost the bus")
        async def main(life):
            life.tasks.spawn(broken(), "broken", vital=True)
    """)
    assert ended.returncode == 1
    assert "lost the bus" in ended.stdout


def test_the_failure_of_another_task_is_only_logged() -> None:
    ended = service("""
        async def broken():
            raise RuntimeError("a detail")
        async def main(life):
            life.tasks.spawn(broken(), "broken")
            await asyncio.sleep(0.05)
            life.stop()
    """)
    assert ended.returncode == 0
    assert "a detail" in ended.stdout


def test_what_hangs_or_fails_while_stopping_does_not_keep_the_rest_from_it() -> None:
    ended = service("""
        async def fail():
            raise RuntimeError("cannot")
        async def main(life):
            life.on_stop("hangs", lambda: asyncio.sleep(60))
            life.on_stop("fails", fail)
            life.on_stop("first", lambda: say("undone"))
            life.stop()
    """)
    assert ended.returncode == 0
    assert "undone" in ended.stdout
    assert "hangs took too long" in ended.stdout
