"""The Tiltfile agrees with compose and the Dockerfiles."""

import re
from typing import Any

import pytest

from support import compose_files
from support.installation import REPOSITORY
from support.tiltfile import Call, Tiltfile

TILTFILE = Tiltfile.read()
BUILDS = TILTFILE.calls["docker_build"]
SERVICES: dict[str, dict[str, Any]] = compose_files.read("compose.yaml")["services"]


def copied(build: Call) -> set[str]:
    """The source paths that the Dockerfile copies to /app."""
    dockerfile = (REPOSITORY / build.options["dockerfile"]).read_text(encoding="utf-8")
    sources = re.findall(r"^COPY (?!--from)(.*) /app/$", dockerfile, re.MULTILINE)
    return {path for line in sources for path in line.split()}


def test_every_compose_service_is_a_labelled_resource() -> None:
    assert {call.name for call in TILTFILE.calls["dc_resource"]} == set(SERVICES)
    assert all(call.options["labels"] for call in TILTFILE.calls["dc_resource"])


def test_tilt_builds_each_image_from_the_same_dockerfile() -> None:
    own = {
        SERVICES[name]["image"]: SERVICES[name]["build"]["dockerfile"] for name in compose_files.own_services(SERVICES)
    }
    assert {build.name: build.options["dockerfile"] for build in BUILDS} == own


def test_compose_override_names_existing_services() -> None:
    [call] = TILTFILE.calls["docker_compose"]
    path, override = call.arguments[0]
    assert path == "compose.yaml"
    assert override["services"].keys() <= SERVICES.keys()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_build_watches_existing_paths(build: Call) -> None:
    missing = [path for path in build.options["only"] if not (REPOSITORY / path).exists()]
    assert not missing


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_live_update_syncs_to_the_image_path_or_rebuilds(build: Call) -> None:
    first, *middle, last = build.options["live_update"]
    assert first[0] == "fall_back_on"
    assert last == ["restart_container"]
    assert {step[2] for step in middle} == {"/app"}
    synced = {step[1] for step in middle}
    assert synced == copied(build)
    assert synced | set(first[1]) == set(build.options["only"])


def test_every_copied_path_is_watched() -> None:
    for build in BUILDS:
        dockerfile = (REPOSITORY / build.options["dockerfile"]).read_text(encoding="utf-8")
        copies = re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE)
        for path in (path for line in copies for path in line.split()):
            assert any(path == watched or path.startswith(f"{watched}/") for watched in build.options["only"]), path


def test_buttons_run_existing_targets() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for resource in TILTFILE.calls["local_resource"]:
        assert resource.options["trigger_mode"] == "manual"
        assert not resource.options["auto_init"]
        for target in re.findall(r"make ([a-z -]+)", resource.options["cmd"]):
            assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in target.split())
        for path in re.findall(r"pytest (\S+)", resource.options["cmd"]):
            assert (REPOSITORY / path).is_dir()
    [page] = TILTFILE.calls["cmd_button"]
    assert page.options["argv"][-1] == "http://localhost:4000"
