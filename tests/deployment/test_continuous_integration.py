"""Continuous integration and pre-commit run what a developer runs."""

import re
from typing import Any

import yaml

from support.installation import REPOSITORY

HOOKS: list[dict[str, Any]] = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))[
    "repos"
][0]["hooks"]
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_the_workflow_runs_the_script_in_bookworm() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["run"]
    assert job["container"]["image"] == "debian:bookworm"
    assert job["strategy"]["matrix"]["command"] == ["bash .ci/run", "make audit"]
    assert (REPOSITORY / ".ci/run").is_file()
    assert re.search(r"^audit:", MAKEFILE, re.MULTILINE)
    script = (REPOSITORY / ".ci/run").read_text(encoding="utf-8")
    assert "make check" in script
    assert "make test " in script
    assert "make test-browser " in script


def test_the_workflow_pins_actions_by_commit() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    actions = [step["uses"] for step in workflow["jobs"]["run"]["steps"] if "uses" in step]
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action


def test_the_workflow_has_the_rust_that_the_crates_need() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    used = workflow["jobs"]["run"]["env"]["RUST_VERSION"]
    needed = re.search(
        r'^rust-version = "([\d.]+)"', (REPOSITORY / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert needed is not None
    assert [int(part) for part in used.split(".")] >= [int(part) for part in needed[1].split(".")]


def test_each_hook_runs_a_verb_or_a_tool_of_make_check() -> None:
    verbs = re.search(r"^check: (.*?) ##", MAKEFILE, re.MULTILINE)
    assert verbs is not None
    for hook in HOOKS:
        tool, *arguments = hook["entry"].split()
        if tool == "make":
            assert set(arguments) <= set(verbs[1].split())
        else:
            assert tool.startswith(".venv/bin/")


def test_hooks_cover_every_verb_of_make_check() -> None:
    verbs = re.search(r"^check: (.*?) ##", MAKEFILE, re.MULTILINE)
    assert verbs is not None
    covered = {argument for hook in HOOKS for argument in hook["entry"].split()[1:]}
    by_file = {"check-format": "ruff", "check-names": "check-retired-names", "check-types": "check-types"}
    for verb in verbs[1].split():
        assert verb in covered or any(by_file[verb] in hook["entry"] for hook in HOOKS), verb
