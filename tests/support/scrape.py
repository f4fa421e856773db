"""What Prometheus would read of an installation."""

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
    """All samples of some endpoints, by the service that showed them."""

    samples: tuple[tuple[str, Mapping[str, str], float], ...]

    @property
    def names(self) -> set[str]:
        """Of every series that has a value: `..._bucket`, `..._sum` and `..._count` for a histogram."""
        return {name for name, _, _ in self.samples}

    def total(self, name: str, **labels: str) -> float:
        """The sum of all series of this name that have these labels."""
        return sum(value for one, has, value in self.samples if one == name and labels.items() <= has.items())

    def label_values(self, label: str) -> set[str]:
        """All that this label has."""
        return {has[label] for _, has, _ in self.samples if label in has}


def scrape(installation: Installation) -> Scrape:
    """Every endpoint of an installation made with `metrics=True`. Raises OSError."""
    samples = []
    for url in installation.layout.metrics_urls():
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            samples += [(one.name, one.labels, one.value) for one in family.samples]
    return Scrape(tuple(samples))


def get_json(url: str) -> tuple[int, Any]:
    """Status and JSON body. Raises OSError when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
