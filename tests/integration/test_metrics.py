"""Health, readiness and metrics of every service."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hubbub_service.metrics import CATALOGUE
from support.caller import Caller, rtp_capabilities
from support.client_socket import Refused
from support.eventually import wait_for_metrics
from support.installation import Installation
from support.pair import connected_pair
from support.scrape import get_json, scrape


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose services all serve metrics."""
    with Installation(tmp_path_factory.mktemp("metrics"), metrics=True) as running:
        yield running


async def test_every_service_counts_a_call(installation: Installation, call_id: str) -> None:
    async with connected_pair(installation.url, call_id):
        await wait_for_metrics(
            installation,
            lambda seen: (
                seen.total("hubbub_rooms") == 1
                and seen.total("hubbub_peers") == 2
                and seen.total("hubbub_producers", kind="video") == 1
                and seen.total("hubbub_nodes", state="alive") == 1
                and seen.total("hubbub_node_rooms") == 1
                and seen.total("hubbub_node_peers") == 2
                and seen.total("hubbub_node_transports") == 2
                and seen.total("hubbub_node_producers") == 2
                and seen.total("hubbub_node_consumers") == 2
                and seen.total("hubbub_node_leased") == 1
                and seen.total("hubbub_connections") == 2
                and seen.total("hubbub_sessions") == 2
                and seen.total("hubbub_bus_connected") == 3
                and seen.total("hubbub_worker_packets_total", direction="sent") > 20
                and seen.total("hubbub_worker_cpu_seconds_total") > 0
                and seen.total(_ANSWERS, event="joinRoom", outcome="ok") == 2
                and seen.total("hubbub_bus_request_duration_seconds_count", verb="peer.join", outcome="ok") == 2
                and seen.total("hubbub_bus_handling_duration_seconds_count", verb="producer.create") == 2
            ),
        )
    await wait_for_metrics(installation, lambda seen: seen.total("hubbub_departures_total", reason="disconnected") == 2)


async def test_failures_are_counted_by_code_and_unknown_events_under_one_label(installation: Installation) -> None:
    async with Caller(installation.url) as caller:
        with pytest.raises(Refused, match="room_not_found"):
            await caller.call("joinRoom", callId="no such room", userId="somebody", rtpCapabilities=rtp_capabilities())
        for event in ("steal", "whatever"):
            await caller.request(event, {})
        await caller.request("joinRoom", {"callId": "x" * 300_000})
    seen = await wait_for_metrics(
        installation,
        lambda seen: (
            seen.total(_ANSWERS, event="joinRoom", outcome="room_not_found") == 1
            and seen.total(_ANSWERS, event="unknown", outcome="unknown_event") == 2
            and seen.total(_ANSWERS, event="unknown", outcome="too_large") == 1
        ),
    )
    assert {"steal", "whatever"}.isdisjoint(seen.label_values("event"))


def test_only_declared_metrics_are_served(installation: Installation) -> None:
    served = {name for name in scrape(installation).names if name.startswith("hubbub_")}
    bare = {metric.name for metric in CATALOGUE if metric.kind != "histogram"}
    histograms = {f"{one.name}_{part}" for one in CATALOGUE if one.kind == "histogram" for part in _PARTS}
    assert served - {name for name in served if name.endswith("_created")} <= bare | histograms


_ANSWERS = "hubbub_socket_request_duration_seconds_count"
_PARTS = ("bucket", "sum", "count")


def test_service_without_its_bus_is_healthy_but_not_ready(installation: Installation) -> None:
    urls = [f"http://127.0.0.1:{port}" for port in installation.layout.metrics_ports]
    for url in urls:
        assert get_json(f"{url}/health") == (200, {"status": "ok"})
        while (answer := get_json(f"{url}/ready"))[0] != 200:  # a machine that stood still has lost its link
            time.sleep(0.02)
        assert answer == (200, {"ready": True})
    installation.nats.kill()
    try:
        for url in urls:
            while (answer := get_json(f"{url}/ready"))[0] == 200:
                time.sleep(0.02)
            assert answer == (503, {"ready": False, "reason": "the bus is not connected"})
            assert get_json(f"{url}/health") == (200, {"status": "ok"})
    finally:
        installation.nats.start()
        installation.wait_ready()
