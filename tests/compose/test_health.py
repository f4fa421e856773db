"""Every container says how it is."""

from support.compose import Compose


def test_every_container_is_healthy(stack: Compose) -> None:
    stack.up()
    containers = stack.containers()
    assert {container.service for container in containers} == {
        "nats", "registry", "media-node", "signaling", "proxy", "coturn",
    }  # fmt: skip
    assert [container for container in containers if not container.well] == []
