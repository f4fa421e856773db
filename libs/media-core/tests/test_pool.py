"""The native module itself: its sockets, its bounds, its end, its stub."""

import ast
import inspect
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

import hubbub_media_core
from hubbub_media_core import _native
from hubbub_media_core._native import WorkerPool
from hubbub_media_core.counters import Histogram, MediaCounters, WorkerCounters


def threads() -> set[str]:
    """The threads of this process."""
    return {task.name for task in Path("/proc/self/task").iterdir()}


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool([("127.0.0.1", 0)])
    yield pool
    pool.shutdown()


def wait(pool: WorkerPool) -> None:
    assert select.select([pool.fileno()], [], [], 5)[0]


def test_the_shutdown_leaves_no_thread_and_executes_what_was_submitted() -> None:
    before = threads()
    pool = WorkerPool([("127.0.0.1", 0), ("127.0.0.1", 0)])
    assert len(threads() - before) == 2
    for request in range(1000):
        pool.submit(request % 2, request, {"type": "create_router", "router": request})
    pool.shutdown()
    assert threads() == before
    assert sorted(event["request"] for _, event in pool.drain()) == list(range(1000))  # type: ignore[type-var]
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(0, 1, {"type": "create_router", "router": 1})
    pool.shutdown()


def test_a_port_that_is_taken_is_an_error_that_names_it(pool: WorkerPool) -> None:
    host, port = pool.addresses()[0]
    before = threads()
    with pytest.raises(OSError, match=f"cannot bind UDP {host}:{port}"):
        WorkerPool([("127.0.0.1", 0), (host, port)])
    assert threads() == before


def test_a_host_name_is_no_address() -> None:
    with pytest.raises(ValueError, match='not an IP address: "localhost"'):
        WorkerPool([("localhost", 0)])


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timeout_is_a_positive_number_of_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="consent_timeout"):
        WorkerPool([("127.0.0.1", 0)], consent_timeout=seconds)


def test_a_worker_that_there_is_not_is_an_index_error(pool: WorkerPool) -> None:
    with pytest.raises(IndexError, match="there are 1 workers"):
        pool.submit(1, 1, {"type": "create_router", "router": 1})


def test_replies_that_nobody_takes_hold_up_further_commands_until_they_are_taken(pool: WorkerPool) -> None:
    command: dict[str, object] = {"type": "close_router", "router": 1}

    def submit_without_end() -> None:
        for request in range(100_000):
            pool.submit(0, request, command)

    with pytest.raises(BlockingIOError, match="pending"):
        submit_without_end()
    wait(pool)
    assert pool.drain()
    pool.submit(0, 0, command)


def test_the_file_descriptor_is_readable_while_events_wait(pool: WorkerPool) -> None:
    assert not select.select([pool.fileno()], [], [], 0)[0]
    pool.submit(0, 5, {"type": "close_router", "router": 1})
    wait(pool)
    assert pool.drain() == [(0, {"type": "reply", "request": 5, "error": "not_found"})]
    assert not select.select([pool.fileno()], [], [], 0)[0]


def test_a_pinned_worker_works() -> None:
    pool = WorkerPool([("127.0.0.1", 0)], pin=True)
    pool.submit(0, 1, {"type": "create_router", "router": 1})
    wait(pool)
    assert pool.drain() == [(0, {"type": "reply", "request": 1, "ok": {}})]
    pool.shutdown()


def test_the_counters_are_those_that_are_declared(pool: WorkerPool) -> None:
    counters = pool.counters()[0]
    assert set(counters) == WorkerCounters.__required_keys__
    assert set(counters["media"]) == MediaCounters.__required_keys__
    assert set(counters["media"]["score"]) == Histogram.__required_keys__


def test_the_stub_says_what_the_binary_has() -> None:
    stub = Path(hubbub_media_core.__file__).with_name("_native.pyi")
    classes = {node.name: node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ClassDef)}
    assert set(classes) == {name for name in dir(_native) if not name.startswith("_")}
    for name, declared in classes.items():
        methods = {node.name: node.args for node in declared.body if isinstance(node, ast.FunctionDef)}
        built = getattr(_native, name)
        assert methods.keys() - {"__new__"} == {name for name in vars(built) if not name.startswith("_")}
        for method, args in methods.items():
            signature = inspect.signature(built if method == "__new__" else getattr(built, method))
            assert [arg.arg for arg in args.args + args.kwonlyargs][method == "__new__" :] == list(
                signature.parameters
            ), method
