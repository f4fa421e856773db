"""Prometheus finds every instance, also of services that were scaled, and takes our alert rules."""

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


def version_to_be_had() -> dict[str, str]:
    """The one that is here, should there be one; else that of the file is fetched."""
    listed = ["docker", "image", "ls", "prom/prometheus", "--format", "{{.Tag}}"]
    tags = subprocess.run(listed, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    return {"PROMETHEUS_VERSION": tags[0]} if tags else {}


@pytest.fixture(scope="module")
def watched(stack: Compose) -> Iterator[Compose]:
    """An installation of its own with Prometheus, from the images that `stack` built."""
    port = str(free_tcp_port())
    files = ("compose.yaml", "compose.observability.yaml")
    running = Compose(files, PROMETHEUS_PORT=port, **version_to_be_had())
    try:
        running.up("proxy", "prometheus", *SHAPE, media_node=SHAPE["media-node"])
        yield running
    finally:
        running.down()


def query(watched: Compose, path: str) -> Any:
    """The data of an answer of Prometheus's API."""
    with urllib.request.urlopen(f"http://127.0.0.1:{watched.settings['PROMETHEUS_PORT']}/api/v1/{path}") as answer:
        return json.load(answer)["data"]


def test_every_instance_of_every_service_is_scraped(watched: Compose) -> None:
    def up() -> Counter[str]:
        targets = query(watched, "targets")["activeTargets"]
        return Counter(target["labels"]["job"] for target in targets if target["health"] == "up")

    watched.wait_until(lambda: up() == SHAPE, 60, f"scraped as {SHAPE}")


def test_the_rules_are_loaded_and_none_is_broken(watched: Compose) -> None:
    [group] = query(watched, "rules")["groups"]
    assert group["rules"]
    watched.wait_until(
        lambda: all(rule["health"] == "ok" for group in query(watched, "rules")["groups"] for rule in group["rules"]),
        60,
        "all rules evaluated",
    )
