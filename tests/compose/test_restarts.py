"""The engine restarts every killed container, and the installation becomes ready again."""

import sys
from collections.abc import Callable

import pytest

from support.compose import Compose

HEALTHY_TIMEOUT = 15.0
"""Seconds until the installation must be healthy again. The test prints the actual time."""
SERVICES = ["nats", "registry", "media-node", "signaling", "proxy", "coturn"]


@pytest.mark.parametrize("service", SERVICES)
def test_killed_container_is_restarted(stack: Compose, service: str, capsys: pytest.CaptureFixture[str]) -> None:
    stack.up()
    victim = stack.containers(service)[0]
    stack.kill(victim)
    took = stack.wait_until(
        _is_restarted(stack, service, victim.started), HEALTHY_TIMEOUT, f"healthy after {service} was killed"
    )
    with capsys.disabled():
        sys.stdout.write(f"\nkilled {service}: all healthy and ready after {took:.1f} s\n")


def _is_restarted(stack: Compose, service: str, before: str) -> Callable[[], bool]:
    def restarted() -> bool:
        containers = stack.containers()
        new = all(container.started != before for container in containers if container.service == service)
        return new and all(container.healthy for container in containers) and stack.ready()

    return restarted
