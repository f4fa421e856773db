"""The native module: sockets, limits, shutdown and stub."""

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
    """The thread ids of this process."""
    return {task.name for task in Path("/proc/self/task").iterdir()}


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool([("127.0.0.1", 0)])
    yield pool
    pool.shutdown()


def wait(pool: WorkerPool) -> None:
    assert select.select([pool.fileno()], [], [], 5)[0]


def test_shutdown_executes_submitted_commands_and_joins_the_threads() -> None:
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


def test_bind_error_names_the_port_in_use(pool: WorkerPool) -> None:
    host, port = pool.addresses()[0]
    before = threads()
    with pytest.raises(OSError, match=f"cannot bind UDP {host}:{port}"):
        WorkerPool([("127.0.0.1", 0), (host, port)])
    assert threads() == before


def test_host_name_is_refused() -> None:
    with pytest.raises(ValueError, match='not an IP address: "localhost"'):
        WorkerPool([("localhost", 0)])


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_timeout_must_be_a_positive_number_of_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="consent_timeout"):
        WorkerPool([("127.0.0.1", 0)], consent_timeout=seconds)


def test_unknown_worker_is_an_index_error(pool: WorkerPool) -> None:
    with pytest.raises(IndexError, match="no such worker: the pool has 1 workers"):
        pool.submit(1, 1, {"type": "create_router", "router": 1})


def test_commands_are_refused_until_pending_replies_are_drained(pool: WorkerPool) -> None:
    command: dict[str, object] = {"type": "close_router", "router": 1}

    def submit_until_refused() -> None:
        for request in range(100_000):
            pool.submit(0, request, command)

    with pytest.raises(BlockingIOError, match="pending"):
        submit_until_refused()
    wait(pool)
    assert pool.drain()
    pool.submit(0, 0, command)


def test_file_descriptor_is_readable_while_events_are_queued(pool: WorkerPool) -> None:
    assert not select.select([pool.fileno()], [], [], 0)[0]
    pool.submit(0, 5, {"type": "close_router", "router": 1})
    wait(pool)
    assert pool.drain() == [(0, {"type": "reply", "request": 5, "error": "not_found"})]
    assert not select.select([pool.fileno()], [], [], 0)[0]


def test_pinned_worker_executes_commands() -> None:
    pool = WorkerPool([("127.0.0.1", 0)], pin=True)
    pool.submit(0, 1, {"type": "create_router", "router": 1})
    wait(pool)
    assert pool.drain() == [(0, {"type": "reply", "request": 1, "ok": {}})]
    pool.shutdown()


def test_counters_match_their_declaration(pool: WorkerPool) -> None:
    counters = pool.counters()[0]
    assert set(counters) == WorkerCounters.__required_keys__
    assert set(counters["media"]) == MediaCounters.__required_keys__
    assert set(counters["media"]["score"]) == Histogram.__required_keys__


def test_stub_matches_the_binary() -> None:
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
