"""The metrics of one service: what the catalogue declares of it, counted as it happens or read when it is asked for.

Everything declared is there from the start, so that a rate over a first event is not lost and a dashboard finds its
names. What is not declared for the service cannot be counted: that is a KeyError, which tests find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from . import catalogue
from .declaration import Kind, Metric, Service

CATALOGUE: tuple[Metric, ...] = tuple(each for each in vars(catalogue).values() if isinstance(each, Metric))
"""Every metric, in the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of an observed counter or gauge."""

    metric: Metric
    value: float
    labels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of an observed histogram: how many in each of its buckets, the last being what is above them all."""

    metric: Metric
    counts: Sequence[int]
    sum: float
    labels: Sequence[str] = ()


Read = Callable[[], Iterable[Reading | Distribution]]


class Metrics:
    """One for each life of a service, apart from any other in the same process."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        declared = [each for each in CATALOGUE if service in each.services]
        counted = [each for each in declared if not each.on_scrape]
        self._counters = {each: self._counter(each) for each in counted if each.kind == "counter"}
        self._gauges = {each: self._gauge(each) for each in counted if each.kind == "gauge"}
        self._histograms = {each: self._histogram(each) for each in counted if each.kind == "histogram"}
        self._scraped = _ScrapeCollector([each for each in declared if each.on_scrape])
        self._registry.register(self._scraped)
        ProcessCollector(registry=self._registry)

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Adds to a counter."""
        counter = self._counters[metric]
        (counter.labels(*labels) if labels else counter).inc(by)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Sets a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Puts a value into a histogram."""
        histogram = self._histograms[metric]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def on_scrape(self, read: Read) -> None:
        """Calls `read` in the event loop on every scrape, for metrics declared with `on_scrape`."""
        self._scraped.reads.append(read)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The text that Prometheus reads, and its content type, which `accept` has a say in."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=self._registry)


class _ScrapeCollector(Collector):
    """Makes families of what is read."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)
        self.reads: list[Read] = []

    def describe(self) -> Iterator[Family]:
        """Nothing is read before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """All observed metrics, each with what was read of it."""
        families = {metric: _family(metric) for metric in self._metrics}
        for read in self.reads:
            for one in read():
                _add(families[one.metric], one)
        return iter(families.values())


def _family(metric: Metric) -> Family:
    kinds: dict[Kind, Callable[..., Family]] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }
    return kinds[metric.kind](metric.name, metric.help, labels=metric.labels)


def _add(family: Family, one: Reading | Distribution) -> None:
    match family, one:
        case HistogramMetricFamily(), Distribution(metric, counts, total, labels):
            bounds = [*(str(float(bound)) for bound in metric.buckets), "+Inf"]
            reached, buckets = 0, []
            for bound, count in zip(bounds, counts, strict=True):
                reached += count
                buckets.append((bound, reached))
            family.add_metric(labels, buckets, total)
        case ((CounterMetricFamily() | GaugeMetricFamily()), Reading(_, value, labels)):
            family.add_metric(labels, value)
        case _:
            raise TypeError(f"{one.metric.name} is a {one.metric.kind}")
