"""The metrics of one service: those that the catalogue declares for it.

All declared metrics exist from the start, so that a rate over the first event is not lost and a dashboard finds every
name. Counting a metric that is not declared for the service raises KeyError, which a test finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from ..tasks import failure_count
from . import catalogue
from .declaration import Kind, Metric, Service

CATALOGUE: tuple[Metric, ...] = tuple(each for each in vars(catalogue).values() if isinstance(each, Metric))
"""All metrics, in the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a counter or gauge, read on a scrape."""

    metric: Metric
    value: float
    labels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of a histogram, read on a scrape."""

    metric: Metric
    counts: Sequence[int]
    """One per bucket, not cumulative; one more for values above the last bound."""
    sum: float
    labels: Sequence[str] = ()


Read = Callable[[], Iterable[Reading | Distribution]]


class Metrics:
    """The counters, gauges and histograms of one service, independent of others in the same process."""

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
        self.on_scrape(lambda: [Reading(catalogue.TASK_FAILURES, failure_count())])

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Adds `by` to a counter. `labels` are values in the order of the declaration, here and below."""
        counter = self._counters[metric]
        (counter.labels(*labels) if labels else counter).inc(by)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Sets a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Adds a value to a histogram."""
        histogram = self._histograms[metric]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def on_scrape(self, read: Read) -> None:
        """Calls `read` in the event loop on every scrape, for metrics declared with `on_scrape`."""
        self._scraped.reads.append(read)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Returns the exposition and its content type, in the format that the request's `Accept` header prefers."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=self._registry)


class _ScrapeCollector(Collector):
    """Builds metric families from the readings."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)
        self.reads: list[Read] = []

    def describe(self) -> Iterator[Family]:
        """Describes nothing, so that registering does not cause a reading."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """Returns a family for each metric declared with `on_scrape`."""
        families = {metric: _family(metric) for metric in self._metrics}
        for read in self.reads:
            for reading in read():
                _add(families[reading.metric], reading)
        return iter(families.values())


def _family(metric: Metric) -> Family:
    kinds: dict[Kind, Callable[..., Family]] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }
    return kinds[metric.kind](metric.name, metric.help, labels=metric.labels)


def _add(family: Family, reading: Reading | Distribution) -> None:
    match family, reading:
        case HistogramMetricFamily(), Distribution(metric, counts, total, labels):
            bounds = [*(str(float(bound)) for bound in metric.buckets), "+Inf"]
            cumulative, buckets = 0, []
            for bound, count in zip(bounds, counts, strict=True):
                cumulative += count
                buckets.append((bound, cumulative))
            family.add_metric(labels, buckets, total)
        case ((CounterMetricFamily() | GaugeMetricFamily()), Reading(_, value, labels)):
            family.add_metric(labels, value)
        case _:
            raise TypeError(f"{reading.metric.name} is a {reading.metric.kind}")
