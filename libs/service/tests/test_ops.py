"""The HTTP endpoint, with well-behaved and misbehaving clients."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from hubbub_service import Lifecycle, Metrics, OpsEndpoint, ServiceSettings, serve_ops
from hubbub_service import ops as module


@pytest.fixture
async def ops() -> AsyncIterator[OpsEndpoint]:
    """A listening endpoint."""
    endpoint = OpsEndpoint(Metrics("registry"))
    await endpoint.start("127.0.0.1", 0)
    yield endpoint
    await endpoint.stop()


async def send(ops: OpsEndpoint, request: bytes) -> tuple[str, bytes]:
    """Returns head and body of the response; both are empty when there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


async def get(ops: OpsEndpoint, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    head, body = await send(ops, f"{method} {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    return int(head.split()[1]), head.lower(), body


async def test_health_is_ok_and_ignores_the_query(ops: OpsEndpoint) -> None:
    assert await get(ops, "/health?probe=1") == (200, (await get(ops, "/health"))[1], b'{"status":"ok"}')


async def test_readiness_reports_the_reason(ops: OpsEndpoint) -> None:
    status, _, body = await get(ops, "/ready")
    assert (status, json.loads(body)) == (503, {"ready": False, "reason": "starting"})
    ops.report_readiness(lambda: None)
    status, _, body = await get(ops, "/ready")
    assert (status, json.loads(body)) == (200, {"ready": True})


async def test_metrics_are_in_prometheus_format(ops: OpsEndpoint) -> None:
    status, head, body = await get(ops, "/metrics")
    assert status == 200
    assert "content-type: text/plain" in head
    assert b"# TYPE hubbub_rooms gauge" in body


async def test_head_has_no_body(ops: OpsEndpoint) -> None:
    status, head, body = await get(ops, "/health", "HEAD")
    assert (status, body) == (200, b"")
    assert "content-length: 15" in head


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/other", 404), ("POST", "/health", 405)])
async def test_other_requests_are_refused(ops: OpsEndpoint, method: str, path: str, status: int) -> None:
    assert (await get(ops, path, method))[0] == status


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\xff\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"],
    ids=["no HTTP", "endless", "without a host"],
)
async def test_a_client_that_does_not_speak_http_is_disconnected(ops: OpsEndpoint, garbage: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # unread data causes a reset
        assert await send(ops, garbage) == ("", b"")
    assert (await get(ops, "/health"))[0] == 200


async def test_a_silent_client_is_disconnected(ops: OpsEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_TIMEOUT", 0.05)
    assert await send(ops, b"GET /hea") == ("", b"")


async def test_without_a_port_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICS_PORT", raising=False)
    lifecycle = Lifecycle()
    endpoint = await serve_ops(ServiceSettings(), Metrics("registry"), lifecycle)
    with pytest.raises(AssertionError):
        _ = endpoint.port


async def test_a_port_in_use_is_named(ops: OpsEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", str(ops.port))
    with pytest.raises(OSError, match=f"METRICS_PORT={ops.port} cannot be used"):
        await serve_ops(ServiceSettings(), Metrics("registry"), Lifecycle())
