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


def service(body: str, deadline: float = 15.0) -> "subprocess.CompletedProcess[str]":
    """Runs a service. `deadline`: seconds in which it has to stop."""
    code = HEAD + textwrap.dedent(body) + f"\nraise SystemExit(run(start, deadline={deadline}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


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


@pytest.mark.parametrize(
    ("fault", "logged"),
    [
        ("await asyncio.sleep(60)", "clean-up timed out"),
        ("raise RuntimeError('cannot')", "clean-up failed"),
        ("asyncio.current_task().cancel(); await asyncio.sleep(1)", "clean-up failed"),
        ("await ignore_cancellations()", "clean-up timed out"),
    ],
    ids=["hangs", "fails", "is cancelled from inside", "ignores its cancellation"],
)
def test_a_faulty_clean_up_does_not_prevent_the_others(fault: str, logged: str) -> None:
    ended = service(f"""
        async def ignore_cancellations():
            ends = asyncio.get_running_loop().time() + 2.5
            while (left := ends - asyncio.get_running_loop().time()) > 0:
                try:
                    await asyncio.sleep(left)
                except asyncio.CancelledError:
                    pass
        async def faulty():
            {fault}
        async def slow():
            await asyncio.sleep(0.1)
            await say("cleaned up")
        async def start(lifecycle):
            lifecycle.on_stop("slow", slow)
            lifecycle.on_stop("faulty", faulty, timeout=0.2)
            lifecycle.stop()
    """)
    assert ended.returncode == 0
    assert "cleaned up" in ended.stdout
    assert f'"cleanup": "faulty", "event": "{logged}"' in ended.stdout


def test_a_failure_during_the_start_ends_the_start() -> None:
    ended = service("""
        async def start(lifecycle):
            lifecycle.on_stop("first", lambda: say("cleaned up"))
            asyncio.get_running_loop().call_later(0.05, lifecycle.fail, "the bus is closed")
            await asyncio.sleep(60)
    """)
    assert ended.returncode == 1
    assert "cleaned up" in ended.stdout


def test_a_start_that_loses_its_cancellation_is_cancelled_again() -> None:
    ended = service("""
        async def start(lifecycle):
            lifecycle.on_stop("first", lambda: say("cleaned up"))
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await asyncio.sleep(60)
    """)
    assert ended.returncode == 0
    assert "cleaned up" in ended.stdout


@pytest.mark.parametrize(
    "hangs",
    ["import time; time.sleep(60)", "await asyncio.to_thread(threading.Event().wait)", "await ignore_cancellations()"],
    ids=["blocks the loop", "blocks a thread", "ignores its cancellation"],
)
def test_a_service_that_cannot_stop_exits_with_1_at_the_deadline(hangs: str) -> None:
    ended = service(
        f"""
        import threading
        async def ignore_cancellations():
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        async def hang():
            {hangs}
        async def start(lifecycle):
            lifecycle.on_stop("hangs", hang, timeout=0.1)
            lifecycle.stop()
    """,
        deadline=4,
    )
    assert ended.returncode == 1
    assert "the service does not stop" in ended.stdout


def test_a_second_signal_exits_at_once() -> None:
    ended = service("""
        async def hang():
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        async def start(lifecycle):
            lifecycle.on_stop("hangs", hang)
            os.kill(os.getpid(), signal.SIGTERM)
    """)
    assert ended.returncode == 1
    assert "second signal" in ended.stdout
    assert "the service does not stop" not in ended.stdout


DRAIN = """
        async def drain():
            await say("drains")
            try:
                {drains}
            finally:
                await say("has drained")
        async def start(lifecycle):
            lifecycle.on_stop("first", lambda: say("cleaned up"))
            lifecycle.on_drain(drain)
            {then}
"""


def drained(drains: str, then: str = "os.kill(os.getpid(), signal.SIGTERM)") -> "subprocess.CompletedProcess[str]":
    return service(DRAIN.format(drains=drains, then=then))


def words(ended: "subprocess.CompletedProcess[str]") -> list[str]:
    said = ("drains", "has drained", "cleaned up")
    return [line for line in ended.stdout.splitlines() if line in said]


@pytest.mark.parametrize("then", ["os.kill(os.getpid(), signal.SIGTERM)", "lifecycle.stop()"], ids=["SIGTERM", "stop"])
def test_a_service_drains_before_its_clean_ups(then: str) -> None:
    ended = drained("await asyncio.sleep(0.1)", then)
    assert ended.returncode == 0
    assert words(ended) == ["drains", "has drained", "cleaned up"]


def test_the_time_of_a_drain_does_not_count_against_the_deadline() -> None:
    ended = drained("await asyncio.sleep(4.5)")
    assert ended.returncode == 0
    assert words(ended) == ["drains", "has drained", "cleaned up"]


def test_sigint_skips_the_drain() -> None:
    ended = drained("await asyncio.sleep(60)", "os.kill(os.getpid(), signal.SIGINT)")
    assert ended.returncode == 0
    assert words(ended) == ["cleaned up"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_drain(name: str) -> None:
    ended = drained(f"os.kill(os.getpid(), signal.{name}); await asyncio.sleep(60)")
    assert ended.returncode == 0
    assert words(ended) == ["drains", "has drained", "cleaned up"]
    assert "second signal" not in ended.stdout


def test_the_first_sigterm_does_not_end_a_drain_that_was_asked_for() -> None:
    drains = "os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(0.2); await say('to its end')"
    ended = drained(drains, "lifecycle.stop()")
    assert ended.returncode == 0
    assert [line for line in ended.stdout.splitlines() if line in ("drains", "to its end", "cleaned up")] == [
        "drains",
        "to its end",
        "cleaned up",
    ]


def test_a_signal_after_the_end_of_the_drain_exits_at_once() -> None:
    ended = drained(
        "os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(60)",
        """
            async def hang():
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(60)
            lifecycle.on_stop("hangs", hang)
            os.kill(os.getpid(), signal.SIGTERM)
        """,
    )
    assert ended.returncode == 1
    assert "second signal" in ended.stdout
    assert words(ended) == ["drains", "has drained"]


def test_a_failure_skips_the_drain_and_ends_one() -> None:
    ended = drained("await asyncio.sleep(60)", "lifecycle.fail('lost')")
    assert (ended.returncode, words(ended)) == (1, ["cleaned up"])
    later = "asyncio.get_running_loop().call_later(0.1, lifecycle.fail, 'lost'); lifecycle.stop()"
    ended = drained("await asyncio.sleep(60)", later)
    assert (ended.returncode, words(ended)) == (1, ["drains", "has drained", "cleaned up"])


def test_a_drain_that_fails_is_followed_by_the_clean_ups() -> None:
    ended = drained("raise RuntimeError('cannot')")
    assert ended.returncode == 0
    assert words(ended) == ["drains", "has drained", "cleaned up"]
    assert "drain failed" in ended.stdout
