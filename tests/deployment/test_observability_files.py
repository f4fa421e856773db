"""The files of Grafana, Jaeger, Prometheus and the collector agree with each other and with compose."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from support import compose_files
from support.installation import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
SERVICES = {
    **compose_files.read("compose.yaml")["services"],
    **compose_files.read("compose.observability.yaml")["services"],
}
SOURCES = sorted((DEPLOY / "grafana/provisioning/datasources").glob("*.yml"))
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))


def read(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def sources() -> dict[str, dict[str, Any]]:
    """Grafana's data sources by uid."""
    return {source["uid"]: source for path in SOURCES for source in read(path)["datasources"]}


def test_data_sources_are_services_on_a_network_of_grafana() -> None:
    reached = set(SERVICES["grafana"]["networks"])
    assert {source["type"] for source in sources().values()} == {"prometheus", "jaeger"}
    for source in sources().values():
        name = urlsplit(source["url"]).hostname
        assert name in SERVICES
        assert reached & set(SERVICES[name]["networks"])


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_dashboard_uses_provisioned_data_sources(path: Path) -> None:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    assert dashboard["uid"]
    assert dashboard["title"]
    assert dashboard["panels"]
    named = set(re.findall(r'"datasource": \{[^}]*"uid": "([^"$-]+)"', json.dumps(dashboard)))
    assert named <= set(sources())


def test_dashboards_are_mounted_where_grafana_loads_them() -> None:
    providers = [
        each for path in (DEPLOY / "grafana/provisioning/dashboards").glob("*.yml") for each in read(path)["providers"]
    ]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert {provider["options"]["path"] for provider in providers} == {mounts["./deploy/grafana/dashboards"]}
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (DEPLOY / "grafana/dashboards" / Path(home).name).is_file()


def test_prometheus_scrapes_services_on_their_ports() -> None:
    scraped = {
        (name, each["port"])
        for job in read(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
        for each in job["dns_sd_configs"]
        for name in each["names"]
    }
    others = {
        ("registry", 9464),
        ("media-node", 9464),
        ("calls", 9464),
        ("captions", 9464),
        ("recorder", 9464),
        ("webhooks", 9464),
    }
    assert scraped == {("signaling", 9464), *others}


def test_alert_rules_are_complete() -> None:
    for path in read(DEPLOY / "prometheus/prometheus.yml")["rule_files"]:
        rules = [rule for group in read(DEPLOY / "prometheus" / Path(path).name)["groups"] for rule in group["rules"]]
        assert rules
        for rule in rules:
            assert isinstance(rule["expr"], str), rule["alert"]
            assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
            assert isinstance(rule["annotations"]["summary"], str), rule["alert"]


def test_traces_go_from_services_through_the_collector_to_jaeger() -> None:
    collector = read(DEPLOY / "otel-collector/config.yaml")
    for name in ("registry", "media-node", "signaling"):
        endpoint = urlsplit(SERVICES[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
        assert endpoint.hostname == "otel-collector"
        assert str(endpoint.port) == collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].split(":")[1]
    for pipeline in collector["service"]["pipelines"].values():
        for part in ("receivers", "processors", "exporters"):
            assert set(pipeline[part]) <= collector[part].keys()
    assert set(collector["service"]["extensions"]) <= collector["extensions"].keys()
    assert "jaeger:4317" in collector["exporters"]["otlp"]["endpoint"]
    assert set(SERVICES["otel-collector"]["networks"]) & set(SERVICES["jaeger"]["networks"])
