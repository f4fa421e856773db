"""Declared metrics are exposed, counted or read; undeclared ones cannot be."""

import re

import pytest

from hubbub_service.metrics import CATALOGUE, BusMetrics, Distribution, Metric, Metrics, Reading, catalogue
from hubbub_service.metrics.declaration import SERVICES, Service


def lines(metrics: Metrics) -> list[str]:
    body, content_type = metrics.exposition()
    assert content_type.startswith("text/plain")
    return body.decode().splitlines()


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_declaration_follows_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"hubbub_[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help.endswith(".")
    assert not {"peer", "room", "transport", "producer", "address", "ip"} & set(metric.labels)


def test_no_name_is_declared_twice() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("service", SERVICES)
def test_all_metrics_of_a_service_exist_from_the_start(service: Service) -> None:
    shown = lines(Metrics(service))
    declared = [metric for metric in CATALOGUE if service in metric.services]
    assert all(f"# TYPE {metric.name} {metric.kind}" in shown for metric in declared)
    assert any(line.startswith("process_resident_memory_bytes ") for line in shown)


def test_events_of_the_bus_are_counted() -> None:
    metrics = Metrics("registry")
    bus = BusMetrics(metrics)
    bus.report_connected(lambda: True)
    bus.request_finished("peer.join", "unavailable", 0.003)
    bus.reconnected()
    shown = lines(metrics)
    assert 'hubbub_bus_request_duration_seconds_bucket{le="0.005",outcome="unavailable",verb="peer.join"} 1.0' in shown
    assert "hubbub_bus_reconnects_total 1.0" in shown
    assert "hubbub_bus_connected 1.0" in shown


def test_readings_are_taken_on_each_scrape() -> None:
    metrics = Metrics("registry")
    rooms = 1
    metrics.on_scrape(lambda: [Reading(catalogue.ROOMS, rooms), Reading(catalogue.PRODUCERS, 2, ("audio",))])
    rooms = 5
    assert {"hubbub_rooms 5.0", 'hubbub_producers{kind="audio"} 2.0'} <= set(lines(metrics))


def test_a_metric_of_another_service_cannot_be_counted() -> None:
    with pytest.raises(KeyError):
        Metrics("registry").count(catalogue.DEPARTURES, "left")


def test_a_reading_of_the_wrong_kind_is_refused() -> None:
    metrics = Metrics("registry")
    metrics.on_scrape(lambda: [Distribution(catalogue.ROOMS, [1], 1)])
    with pytest.raises(TypeError, match="hubbub_rooms is a gauge"):
        metrics.exposition()
