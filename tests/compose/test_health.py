"""Compose accepts the files, and every container has a health check that succeeds."""

import pytest

from support.compose import Compose


def test_every_container_is_healthy(stack: Compose) -> None:
    stack.up()
    containers = stack.containers()
    assert {container.service for container in containers} == {
        "nats", "registry", "media-node", "signaling", "calls", "captions", "recorder", "webhooks", "proxy", "coturn",
    }  # fmt: skip
    assert [container for container in containers if not container.healthy] == []


OVERRIDES = ["compose.host-network.yaml", "compose.observability.yaml", "compose.tls.yaml"]


@pytest.mark.parametrize("override", [[], *([file] for file in OVERRIDES)])
def test_compose_accepts_the_files(stack: Compose, override: list[str]) -> None:
    Compose(("compose.yaml", *override), ANNOUNCED_IP="203.0.113.7").compose("config", "--quiet")
