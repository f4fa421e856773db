"""The processes of an installation and their ports."""

import socket
from pathlib import Path

import pytest

from hubbub_cli.layout import Layout, service_specs
from hubbub_cli.ports import free_tcp_ports_from
from hubbub_cli.up import stages


def test_nodes_get_disjoint_port_ranges() -> None:
    layout = Layout(rtc_min_port=40000, rtc_max_port=40100, workers=2, nodes=2)
    first, second = layout.rtc_range(0), layout.rtc_range(1)
    assert first[1] < second[0] <= second[1] <= 40100
    assert layout.rtc_ports() == [40000, 40001, second[0], second[0] + 1]


def test_too_few_rtc_ports_are_rejected() -> None:
    with pytest.raises(ValueError, match="raise RTC_MAX_PORT or lower WORKERS"):
        Layout(rtc_min_port=40000, rtc_max_port=40002, workers=4)


def test_services_get_the_bus_url_and_the_inherited_environment() -> None:
    specs = service_specs(Layout(), "nats://there", {"FRONTEND_URL": "https://page"})
    assert {spec.environment["NATS_URL"] for spec in specs} == {"nats://there"}
    assert {spec.environment["FRONTEND_URL"] for spec in specs} == {"https://page"}


def test_services_stop_in_the_reverse_order_of_their_start() -> None:
    started = [[spec.name for spec in stage] for stage in stages(service_specs(Layout(nodes=2), "", {}))]
    assert started[::-1] == [
        ["signaling-1"],
        ["webhooks-1"],
        ["recorder-1"],
        ["captions-1"],
        ["calls-1"],
        ["node-1", "node-2"],
        ["registry-1", "registry-2"],
    ]


def test_each_service_gets_its_own_metrics_port() -> None:
    layout = Layout(nodes=2, metrics_ports=[9464, 9465, 9467, 9468, 9469, 9470, 9471, 9472, 9473])
    specs = service_specs(layout, "", {"METRICS_PORT": "1"})
    ports = {spec.name: spec.environment.get("METRICS_PORT") for spec in specs}
    assert ports == {
        "registry-1": "9464",
        "registry-2": "9465",
        "node-1": "9467",
        "node-2": "9468",
        "calls-1": "9469",
        "captions-1": "9470",
        "recorder-1": "9471",
        "webhooks-1": "9472",
        "signaling-1": "9473",
    }
    assert layout.metrics_urls() == [
        *(f"http://127.0.0.1:{port}/metrics" for port in (9464, 9465, 9467, 9468, 9469, 9470, 9471, 9472, 9473)),
    ]
    assert Layout().metrics_urls() == ["http://127.0.0.1:4000/metrics"]


@pytest.mark.parametrize("chosen", [None, "/elsewhere"])
def test_recorders_write_into_the_data_directory_unless_told_otherwise(chosen: str | None) -> None:
    inherited = {} if chosen is None else {"RECORDINGS_DIR": chosen}
    specs = service_specs(Layout(recordings_dir=Path("/data/recordings")), "", inherited)
    [recorder] = [spec for spec in specs if spec.name == "recorder-1"]
    assert recorder.environment["RECORDINGS_DIR"] == (chosen or "/data/recordings")


def test_used_metrics_ports_are_skipped(tcp_port: int) -> None:
    with socket.create_server(("127.0.0.1", tcp_port)):
        found = free_tcp_ports_from(tcp_port, 2)
    assert len(set(found)) == 2
    assert min(found) > tcp_port


def test_too_few_free_metrics_ports_are_rejected() -> None:
    with pytest.raises(ValueError, match="fewer than 3 free TCP ports from 65535 on"):
        free_tcp_ports_from(65535, 3)
