"""A service stops on a signal or a failure, in order, in bounded time, with the right exit status."""

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
    code = HEAD + textwrap.dedent(body) + "\nraise SystemExit(run(start, deadline=1))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_the_service_in_reverse_order(name: str) -> None:
    ended = service(f"""
        async def start(lifecycle):
            lifecycle.on_stop("first", lambda: say("first"))
            lifecycle.on_stop("second", lambda: say("second"))
            os.kill(os.getpid(), signal.{name})
    """)
    assert ended.returncode == 0
    assert [line for line in ended.stdout.splitlines() if line in ("first", "second")] == ["second", "first"]


def test_a_signal_during_the_start_stops_the_service() -> None:
    ended = service("""
        async def start(lifecycle):
            lifecycle.on_stop("first", lambda: say("cleaned up"))
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
    """)
    assert ended.returncode == 0
    assert "cleaned up" in ended.stdout


def test_a_failed_start_is_cleaned_up_and_exits_with_1() -> None:
    ended = service("""
        async def start(lifecycle):
            lifecycle.on_stop("first", lambda: say("cleaned up"))
            raise RuntimeError("no port")
    """)
    assert ended.returncode == 1
    assert "cleaned up" in ended.stdout
    assert "no port" in ended.stdout


def test_the_end_of_a_vital_task_fails_the_service() -> None:
    ended = service("""
        async def broken():
            raise RuntimeError("lost the bus")
        async def start(lifecycle):
            lifecycle.tasks.spawn(broken(), "broken", vital=True)
    """)
    assert ended.returncode == 1
    assert "lost the bus" in ended.stdout


def test_the_failure_of_other_tasks_is_only_logged() -> None:
    ended = service("""
        async def broken():
            raise RuntimeError("a detail")
        async def start(lifecycle):
            lifecycle.tasks.spawn(broken(), "broken")
            await asyncio.sleep(0.05)
            lifecycle.stop()
    """)
    assert ended.returncode == 0
    assert "a detail" in ended.stdout


def test_a_clean_up_that_hangs_or_fails_does_not_prevent_the_others() -> None:
    ended = service("""
        async def fail():
            raise RuntimeError("cannot")
        async def start(lifecycle):
            lifecycle.on_stop("hangs", lambda: asyncio.sleep(60))
            lifecycle.on_stop("fails", fail)
            lifecycle.on_stop("first", lambda: say("cleaned up"))
            lifecycle.stop()
    """)
    assert ended.returncode == 0
    assert "cleaned up" in ended.stdout
    assert '"cleanup": "hangs", "event": "clean-up timed out"' in ended.stdout
