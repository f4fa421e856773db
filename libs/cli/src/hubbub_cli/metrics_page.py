"""`python -m hubbub_cli.metrics_page` writes the reference of all metrics; with `--check` it fails when stale.

The page is generated from the catalogue of metrics.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hubbub_contracts.generate.documents import write_or_check
from hubbub_service.metrics import CATALOGUE, Metric
from hubbub_service.metrics.declaration import SERVICES, Service

_HEAD = """\
# Metrics

Generated from the catalogue by `python -m hubbub_cli.metrics_page`; do not edit. `make check` fails when it is stale.

Each service serves its metrics at `/metrics` on `METRICS_PORT` ([configuration](configuration.md)), in the Prometheus
format; signaling also on `PORT`, for whoever may read them there. No label has a value per peer or room: for
a single peer, use the logs and traces. Metrics of the process itself (`process_cpu_seconds_total`,
`process_resident_memory_bytes`, `process_open_fds`) are included.
"""
_TITLES: dict[Service, str] = {
    "signaling": "Signaling",
    "registry": "Registry",
    "media-node": "Media node",
    "calls": "Calls",
    "captions": "Captions",
    "recorder": "Recorder",
    "webhooks": "Webhooks",
}


def metrics_page() -> str:
    """The whole page, in Markdown."""
    shared = [metric for metric in CATALOGUE if metric.services == SERVICES]
    lines = [_HEAD, "## Every service", "", *_table(shared)]
    for service, title in _TITLES.items():
        own = [metric for metric in CATALOGUE if service in metric.services and metric not in shared]
        lines += ["", f"## {title}", "", *_table(own)]
    return "\n".join(lines) + "\n"


def _table(metrics: list[Metric]) -> Iterator[str]:
    yield "| metric | type | unit | labels | meaning |"
    yield "|---|---|---|---|---|"
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        bounds = f" Buckets: {', '.join(f'{bound:g}' for bound in metric.buckets)}." if metric.buckets else ""
        yield f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help}{bounds} |"


if __name__ == "__main__":
    documents = {"docs/reference/metrics.md": metrics_page}
    raise SystemExit(write_or_check(documents, "hubbub_cli.metrics_page", sys.argv[1:]))
