"""Reads the metrics of an installation, as Prometheus does."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from .installation import Installation


@dataclass(frozen=True)
class Scrape:
    """The samples of all endpoints."""

    samples: tuple[tuple[str, Mapping[str, str], float], ...]

    @property
    def names(self) -> set[str]:
        """The names of all series: `..._bucket`, `..._sum` and `..._count` for a histogram."""
        return {name for name, _, _ in self.samples}

    def total(self, name: str, **labels: str) -> float:
        """The sum of all series with this name and these labels."""
        return sum(value for one, has, value in self.samples if one == name and labels.items() <= has.items())

    def label_values(self, label: str) -> set[str]:
        """All values of this label."""
        return {has[label] for _, has, _ in self.samples if label in has}


def scrape(installation: Installation, *, without: int = 0) -> Scrape:
    """Reads every endpoint of an installation with `metrics=True`. Raises OSError when more than `without` are dead."""
    samples = []
    for url in installation.layout.metrics_urls():
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                text = answer.read().decode()
        except OSError:
            if without == 0:
                raise
            without -= 1
            continue
        for family in text_string_to_metric_families(text):
            samples += [(one.name, one.labels, one.value) for one in family.samples]
    return Scrape(tuple(samples))


def get_json(url: str) -> tuple[int, Any]:
    """The status and the JSON body of a GET. Raises OSError without an answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
