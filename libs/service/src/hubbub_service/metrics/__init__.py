"""Prometheus metrics: declared in `catalogue`, counted or read on a scrape, served at `/metrics`."""

from .bus_metrics import BusMetrics
from .declaration import Metric, Service
from .metrics import CATALOGUE, Distribution, Metrics, Reading

__all__ = ["CATALOGUE", "BusMetrics", "Distribution", "Metric", "Metrics", "Reading", "Service"]
