"""A real Prometheus that scrapes an installation and evaluates the deployed alert rules."""

from __future__ import annotations

import json
import os
import shutil
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hubbub_cli.ports import free_tcp_port
from hubbub_cli.supervised_process import ProcessSpec

from .installation import REPOSITORY, Installation
from .service_process import ServiceProcess

DEPLOYED = REPOSITORY / "deploy" / "prometheus"


class Prometheus:
    """Scrapes every half second, under the deployed job names. A context manager."""

    def __init__(self, directory: Path, installation: Installation) -> None:
        binary = shutil.which("prometheus")
        assert binary is not None, "prometheus is missing: the package `prometheus` has it"
        self._url = f"http://127.0.0.1:{free_tcp_port()}"
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "prometheus.yml"
        configuration.write_text(json.dumps(_configuration(installation)))  # JSON is valid YAML
        command = [
            *(binary, f"--config.file={configuration}", f"--storage.tsdb.path={directory / 'data'}"),
            f"--web.listen-address={urllib.parse.urlsplit(self._url).netloc}",
        ]
        self._process = ServiceProcess(ProcessSpec("prometheus", command, os.environ, 5.0), directory / "log")

    def query(self, expression: str) -> list[Any]:
        """The result of an instant query. Raises AssertionError when it is invalid, OSError before Prometheus is up."""
        answer = self._get("query", query=expression)
        assert answer["status"] == "success", (expression, answer)
        result: list[Any] = answer["data"]["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        """All alert rules with their health."""
        groups = self._get("rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> Any:
        url = f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def __enter__(self) -> Self:
        """Starts Prometheus, without waiting until it answers."""
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops Prometheus."""
        self._process.stop()


def _configuration(installation: Installation) -> dict[str, Any]:
    urls = [urllib.parse.urlsplit(url).netloc for url in installation.layout.metrics_urls()]
    layout, jobs = installation.layout, {}
    counts = {
        "registry": layout.registries,
        "media-node": layout.nodes,
        "calls": layout.calls,
        "captions": layout.captions,
        "recorder": layout.recorders,
        "webhooks": layout.webhooks,
    }
    for job, count in counts.items():
        jobs[job], urls = urls[:count], urls[count:]
    jobs["signaling"] = urls
    return {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(DEPLOYED / "alerts.yml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": targets}]} for job, targets in jobs.items()
        ],
    }
