"""The Tiltfile says nothing of what is not there, and its copies end where the images have them."""

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
    """What the Dockerfile copies to where sources are."""
    dockerfile = (REPOSITORY / build.options["dockerfile"]).read_text(encoding="utf-8")
    sources = re.findall(r"^COPY (?!--from)(.*) /app/$", dockerfile, re.MULTILINE)
    return {path for line in sources for path in line.split()}


def test_every_service_of_compose_is_shown_and_labelled() -> None:
    assert {call.name for call in TILTFILE.calls["dc_resource"]} == set(SERVICES)
    assert all(call.options["labels"] for call in TILTFILE.calls["dc_resource"])


def test_the_image_of_each_service_is_built_by_tilt_from_the_same_file() -> None:
    ours = {
        SERVICES[name]["image"]: SERVICES[name]["build"]["dockerfile"] for name in compose_files.own_services(SERVICES)
    }
    assert {build.name: build.options["dockerfile"] for build in BUILDS} == ours


def test_what_is_laid_over_compose_names_its_services() -> None:
    [call] = TILTFILE.calls["docker_compose"]
    path, above = call.arguments[0]
    assert path == "compose.yaml"
    assert above["services"].keys() <= SERVICES.keys()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_a_build_watches_paths_that_exist(build: Call) -> None:
    missing = [path for path in build.options["only"] if not (REPOSITORY / path).exists()]
    assert not missing


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_an_edit_is_copied_to_where_the_image_has_it_or_builds_the_image_anew(build: Call) -> None:
    first, *middle, last = build.options["live_update"]
    assert first[0] == "fall_back_on"
    assert last == ["restart_container"]
    assert {step[2] for step in middle} == {"/app"}
    synced = {step[1] for step in middle}
    assert synced == copied(build)
    assert synced | set(first[1]) == set(build.options["only"])


def test_everything_that_an_image_is_made_from_is_watched() -> None:
    for build in BUILDS:
        dockerfile = (REPOSITORY / build.options["dockerfile"]).read_text(encoding="utf-8")
        copies = re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE)
        for path in (path for line in copies for path in line.split()):
            assert any(path == watched or path.startswith(f"{watched}/") for watched in build.options["only"]), path


def test_the_buttons_start_what_there_is() -> None:
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
