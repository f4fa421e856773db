"""Prometheus scrapes every instance of scaled services and loads the alert rules."""

import json
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from hubbub_cli.ports import free_tcp_port
from support.compose import Compose

SHAPE = {"media-node": 2, "registry": 2, "signaling": 1}


def available_version() -> dict[str, str]:
    """Selects a local Prometheus image if there is one; otherwise compose pulls the one of the file."""
    listed = ["docker", "image", "ls", "prom/prometheus", "--format", "{{.Tag}}"]
    tags = subprocess.run(listed, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    return {"PROMETHEUS_VERSION": tags[0]} if tags else {}


@pytest.fixture(scope="module")
def monitored(stack: Compose) -> Iterator[Compose]:
    """An installation with Prometheus, from the images that `stack` built."""
    port = str(free_tcp_port())
    files = ("compose.yaml", "compose.observability.yaml")
    running = Compose(files, PROMETHEUS_PORT=port, **available_version())
    try:
        running.up("proxy", "prometheus", *SHAPE, media_node=SHAPE["media-node"])
        yield running
    finally:
        running.down()


def query(monitored: Compose, path: str) -> Any:
    """The data of a Prometheus API call."""
    with urllib.request.urlopen(f"http://127.0.0.1:{monitored.settings['PROMETHEUS_PORT']}/api/v1/{path}") as answer:
        return json.load(answer)["data"]


def test_every_instance_of_every_service_is_scraped(monitored: Compose) -> None:
    def up() -> Counter[str]:
        targets = query(monitored, "targets")["activeTargets"]
        return Counter(target["labels"]["job"] for target in targets if target["health"] == "up")

    monitored.wait_until(lambda: up() == SHAPE, 60, f"scraped as {SHAPE}")


def test_all_rules_are_loaded_and_healthy(monitored: Compose) -> None:
    [group] = query(monitored, "rules")["groups"]
    assert group["rules"]
    monitored.wait_until(
        lambda: all(rule["health"] == "ok" for group in query(monitored, "rules")["groups"] for rule in group["rules"]),
        60,
        "all rules evaluated",
    )
