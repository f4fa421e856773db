"""Which processes run, and with which ports."""

import pytest

from hubbub_cli.plan import Layout, service_specs
from hubbub_cli.up import stages


def test_two_nodes_never_share_a_udp_port() -> None:
    layout = Layout(rtc_min_port=40000, rtc_max_port=40100, workers=2, nodes=2)
    first, second = layout.rtc_range(0), layout.rtc_range(1)
    assert first[1] < second[0] <= second[1] <= 40100
    assert layout.rtc_ports() == [40000, 40001, second[0], second[0] + 1]


def test_too_few_udp_ports_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="raise RTC_MAX_PORT or lower WORKERS"):
        Layout(rtc_min_port=40000, rtc_max_port=40002, workers=4)


def test_services_are_told_where_the_bus_is_and_keep_what_they_inherit() -> None:
    specs = service_specs(Layout(), "nats://there", {"FRONTEND_URL": "https://page"})
    assert {spec.environment["NATS_URL"] for spec in specs} == {"nats://there"}
    assert {spec.environment["FRONTEND_URL"] for spec in specs} == {"https://page"}


def test_services_end_in_the_order_signaling_nodes_registries() -> None:
    started = [[spec.name for spec in stage] for stage in stages(service_specs(Layout(nodes=2), "", {}))]
    assert started[::-1] == [["signaling-1"], ["node-1", "node-2"], ["registry-1", "registry-2"]]
