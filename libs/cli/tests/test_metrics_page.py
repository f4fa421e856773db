"""The generated reference of metrics."""

from hubbub_cli.metrics_page import metrics_page
from hubbub_service.metrics import CATALOGUE


def test_every_metric_has_one_row_of_five_cells() -> None:
    rows = [line for line in metrics_page().splitlines() if line.startswith("| `hubbub_")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(metric.name for metric in CATALOGUE)
    assert {row.count("|") for row in rows} == {6}
