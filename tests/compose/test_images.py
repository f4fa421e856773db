"""The contents of the images: the service and its dependencies, nothing else."""

import subprocess
import sys

import pytest

from support.compose import Compose

LIMITS = {"hubbub-registry": 200, "hubbub-signaling": 200, "hubbub-media-node": 350}
"""The maximum size in megabytes that an image adds to its base."""


def inside(image: str, command: str) -> str:
    """The output of a shell command in the image."""
    docker = ["docker", "run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", command]
    return subprocess.run(docker, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.mark.parametrize("image", LIMITS)
def test_image_is_small_and_has_no_tools(stack: Compose, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    size = int(inside(image, "du --summarize --total --block-size=1M /app /opt $(ls -d /page 2>/dev/null)").split()[-2])
    with capsys.disabled():
        sys.stdout.write(f"\n{image}: {size} MB over its base\n")
    assert size <= LIMITS[image]
    assert inside(image, "for tool in gcc cc cargo node npm pytest ruff; do command -v $tool || true; done") == ""


@pytest.mark.parametrize("image", LIMITS)
def test_image_runs_as_an_unprivileged_user_with_read_only_files(stack: Compose, image: str) -> None:
    assert inside(image, "id --user") == "10001"
    assert inside(image, "find /app /opt ! -user 0 -o -perm -0002 ! -type l") == ""


def test_signaling_serves_the_page(stack: Compose) -> None:
    assert inside("hubbub-signaling", "ls /page/index.html") == "/page/index.html"
    assert stack.get("/metrics") is None, "metrics are not public"
