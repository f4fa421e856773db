"""tests/quarantine.toml names existing tests, and the named tests are skipped."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from support import quarantine
from support.installation import REPOSITORY

TEXT = '[[test]]\nid = "tests/a/test_b.py::test_c"\nreason = "races with the clock"\ndate = 2026-11-28\n'


def collected(node_id: str) -> Any:
    """A stand-in for a collected test."""
    item = SimpleNamespace(nodeid=node_id, markers=[])
    item.add_marker = item.markers.append
    return item


def test_quarantined_test_is_skipped_with_its_reason() -> None:
    items = [collected(f"tests/a/test_b.py::{name}") for name in ("test_c", "test_c[1]", "test_c_too", "test_d")]
    quarantine.skip_quarantined(items, quarantine.parse(TEXT))
    reasons = [[mark.kwargs["reason"] for mark in item.markers] for item in items]
    assert reasons == [["quarantined on 2026-11-28: races with the clock"]] * 2 + [[], []]


@pytest.mark.parametrize(
    ("old", "new"),
    [('reason = "races with the clock"\n', ""), ("races with the clock", ""), ("2026-11-28", "7"), ("date", "day")],
)
def test_entry_without_id_reason_or_date_is_rejected(old: str, new: str) -> None:
    with pytest.raises(pytest.UsageError):
        quarantine.parse(TEXT.replace(old, new))


def test_every_entry_names_an_existing_test() -> None:
    for entry in quarantine.parse((REPOSITORY / quarantine.FILE).read_text(encoding="utf-8")):
        path, _, name = entry.id.partition("::")
        function = re.escape(name.split("[")[0])
        assert re.search(rf"^(async )?def {function}\(", (REPOSITORY / path).read_text(encoding="utf-8"), re.MULTILINE)
