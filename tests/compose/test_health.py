"""The files are what Compose understands, and every container says how it is."""

import pytest

from support.compose import Compose


def test_every_container_is_healthy(stack: Compose) -> None:
    stack.up()
    containers = stack.containers()
    assert {container.service for container in containers} == {
        "nats", "registry", "media-node", "signaling", "proxy", "coturn",
    }  # fmt: skip
    assert [container for container in containers if not container.healthy] == []


@pytest.mark.parametrize("above", [[], ["compose.host-network.yaml"], ["compose.observability.yaml"]])
def test_compose_understands_the_files(stack: Compose, above: list[str]) -> None:
    Compose(("compose.yaml", *above), ANNOUNCED_IP="203.0.113.7").compose("config", "--quiet")
