"""Whatever container is killed, the engine starts it again and calls can be made again."""

import sys
from collections.abc import Callable

import pytest

from support.compose import Compose

HEALTHY_TIMEOUT = 15.0
"""Seconds: what an installation may take to be whole again. How long it took is printed."""
SERVICES = ["nats", "registry", "media-node", "signaling", "proxy", "coturn"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_comes_back(stack: Compose, service: str, capsys: pytest.CaptureFixture[str]) -> None:
    stack.up()
    victim = stack.containers(service)[0]
    stack.kill(victim)
    took = stack.wait_until(
        _is_back(stack, service, victim.started), HEALTHY_TIMEOUT, f"healthy after {service} was killed"
    )
    with capsys.disabled():
        sys.stdout.write(f"\nkilled {service}: all healthy and ready after {took:.1f} s\n")


def _is_back(stack: Compose, service: str, before: str) -> Callable[[], bool]:
    def back() -> bool:
        containers = stack.containers()
        again = all(container.started != before for container in containers if container.service == service)
        return again and all(container.healthy for container in containers) and stack.ready()

    return back
