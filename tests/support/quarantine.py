"""Skips the tests that tests/quarantine.toml lists."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

FILE = "tests/quarantine.toml"


@dataclass(frozen=True)
class Entry:
    """A quarantined test."""

    id: str
    reason: str
    date: dt.date
    """When the test was quarantined."""

    def matches(self, node_id: str) -> bool:
        """Whether a test with this id is quarantined."""
        return node_id == self.id or node_id.startswith(f"{self.id}[")


def parse(text: str) -> list[Entry]:
    """The entries of the file. Raises pytest.UsageError when one is malformed."""
    entries = []
    for fields in tomllib.loads(text).get("test", []):
        match fields:
            case {"id": str(id_), "reason": str(reason), "date": dt.date() as date, **rest} if reason and not rest:
                entries.append(Entry(id_, reason, date))
            case _:
                raise pytest.UsageError(f"{FILE}: not exactly an id, a reason and a date: {fields}")
    return entries


def skip_quarantined(items: Iterable[pytest.Item], entries: list[Entry]) -> None:
    """Marks the quarantined tests as skipped."""
    for item in items:
        for entry in entries:
            if entry.matches(item.nodeid):
                item.add_marker(pytest.mark.skip(reason=f"quarantined on {entry.date}: {entry.reason}"))
