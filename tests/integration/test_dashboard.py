"""Dashboard, alert rules and documents name only metrics that a running installation has."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hubbub_service.metrics.declaration import SERVICES
from hubbub_webhooks.domain.signature import new_secret
from support.caller import Caller, rtp_capabilities
from support.installation import REPOSITORY, SPREAD_OVER_NODES, Installation
from support.pair import connected_pair
from support.prometheus import DEPLOYED, Prometheus
from support.scrape import scrape

DASHBOARD = REPOSITORY / "deploy" / "grafana" / "dashboards" / "hubbub.json"
NAMING = [
    DASHBOARD,
    DEPLOYED / "alerts.yml",
    *(path for path in (REPOSITORY / "docs").rglob("*.md") if path.name != "metrics.md"),
]
"""Files that name metrics."""
SHOWN_WITHIN = 40.0
"""Seconds after which a service has counted what it does after a request, such as the first delivery of a webhook."""
NODE_TABLE = "Nodes: rooms, peers and load"
NODE_MAP = "Map of the media nodes"
_NAME = re.compile(r"\b(?:hubbub|process)_[a-z0-9_]+\b")
_PACKAGES = {path.name for path in REPOSITORY.glob("*/*/*/hubbub_*")}
"""Package names, which look like metrics."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two nodes, so that sums have several terms, which share each room, and a short handshake timeout."""
    with Installation(
        tmp_path_factory.mktemp("dashboard"),
        metrics=True,
        nodes=2,
        webhooks=1,
        environment={
            **SPREAD_OVER_NODES,
            "HANDSHAKE_TIMEOUT": "8",
            "WEBHOOK_URL": "http://127.0.0.1:9/",  # nobody listens
            "WEBHOOK_SECRETS": new_secret(),
        },
    ) as running:
        yield running


@asynccontextmanager
async def busy(installation: Installation, call_id: str) -> AsyncIterator[None]:
    """A call with media, a failed handshake, a departure and a rejected join."""
    async with (
        connected_pair(installation.url, call_id),
        Caller(installation.url) as failing,
        Caller(installation.url) as rejected,
    ):
        await rejected.request(
            "joinRoom", {"callId": "nowhere", "userId": "rejected", "rtpCapabilities": rtp_capabilities()}
        )
        await failing.join(call_id)
        offer = await failing.call("createTransport", direction="recv")
        await failing.call("connectTransport", transportId=offer["id"], dtlsParameters=_unknown_dtls())
        await failing.event("transportClosed", reason="handshake_timeout", within=30)
        await failing.call("leaveRoom")
        yield


def _unknown_dtls() -> dict[str, Any]:
    fingerprint = ":".join(["AB"] * 32)
    return {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": fingerprint}]}


def expressions() -> dict[str, str]:
    """Every query of the dashboard, by the title of its panel and its letter."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {
        f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel.get("targets", ())
    }


async def test_every_named_metric_exists(installation: Installation, call_id: str) -> None:
    unknown = {path: set(_NAME.findall(path.read_text())) - _PACKAGES for path in NAMING}
    async with busy(installation, call_id):
        deadline = time.monotonic() + SHOWN_WITHIN
        while any(unknown.values()) and time.monotonic() < deadline:
            shown = (await asyncio.to_thread(scrape, installation)).names
            shown |= {name.removesuffix("_bucket") for name in shown}  # documents name a histogram without its suffix
            unknown = {path: names - shown for path, names in unknown.items()}
    for path, names in unknown.items():
        assert not names, f"{path.relative_to(REPOSITORY)} names unknown metrics: {sorted(names)}"


def test_dashboard_panels_have_unique_ids_and_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_configuration_is_valid() -> None:
    checked = subprocess.run(
        ["promtool", "check", "config", str(DEPLOYED / "prometheus.yml")],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
async def test_every_panel_has_data_and_every_rule_is_healthy(
    installation: Installation, call_id: str, tmp_path: Path
) -> None:
    with Prometheus(tmp_path, installation) as prometheus:
        await wait_for_scrapes(prometheus, len(installation.layout.metrics_urls()))
        async with busy(installation, call_id):
            empty = expressions()
            while empty:  # bounded by the test's timeout
                await asyncio.sleep(0.25)
                empty = {
                    title: expression
                    for title, expression in empty.items()
                    if not await asyncio.to_thread(prometheus.query, expression.replace("$__rate_interval", "30s"))
                }
            rules = await asyncio.to_thread(prometheus.rules)
            for title, expression in expressions().items():
                if title.startswith(NODE_TABLE):
                    rows = await asyncio.to_thread(prometheus.query, expression.replace("$__rate_interval", "30s"))
                    # Rows of different queries are merged by all their labels.
                    assert [sorted(row["metric"]) for row in rows] == 2 * [["instance", "node_id"]], title
                    assert {row["metric"]["node_id"] for row in rows} == {"node-1", "node-2"}, title
                if title == f"{NODE_MAP} edges":
                    rows = await asyncio.to_thread(prometheus.query, expression)
                    ends = [{row["metric"]["source"], row["metric"]["target"]} for row in rows]
                    assert ends == [{"node-1", "node-2"}], "one of the two sends"
    assert {rule["name"]: rule["health"] for rule in rules} == {rule["name"]: "ok" for rule in rules}
    assert {rule["name"] for rule in rules} == set(re.findall(r"alert: (\w+)", (DEPLOYED / "alerts.yml").read_text()))
    jobs = set(re.findall(r"job_name: (\S+)", (DEPLOYED / "prometheus.yml").read_text()))
    assert jobs == set(SERVICES)


async def wait_for_scrapes(prometheus: Prometheus, processes: int) -> None:
    """Waits until Prometheus has scraped every process."""
    while True:
        try:
            if len(await asyncio.to_thread(prometheus.query, "up == 1")) == processes:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
