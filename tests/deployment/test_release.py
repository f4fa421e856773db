"""`scripts/release` gives every manifest the version of the file VERSION."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support import scripts
from support.installation import REPOSITORY

release = scripts.load("release")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with copies of our manifests."""
    command = ["git", "ls-files", "VERSION", "CHANGELOG.md", *release.MANIFESTS]
    for name in subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_passes_on_the_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["--check"]) == 0, capsys.readouterr().err


def test_check_names_every_manifest_and_the_changelog(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "VERSION").write_text("9.8.7\n", encoding="utf-8")
    assert release.main(["--check"]) == 1
    named = {line.split(":")[0] for line in capsys.readouterr().err.splitlines()}
    pyprojects = {str(path.relative_to(repository)) for path in repository.glob("*/*/pyproject.toml")}
    packages = {str(path.relative_to(repository)) for path in repository.glob("web/*/package.json")}
    assert pyprojects
    assert packages
    assert named >= pyprojects | packages | {"CHANGELOG.md", "Cargo.toml", "Cargo.lock", "package-lock.json"}
    assert "libs/contracts/src/hubbub_contracts/version.py" in named


def test_rewritten_manifests_pass_the_check(repository: Path) -> None:
    for path, text in release.stale_manifests("9.8.7"):
        path.write_text(text, encoding="utf-8")
    assert dict(release.stale_manifests("9.8.7")) == {}


@pytest.mark.parametrize("pattern", release.MANIFESTS)
def test_every_pattern_stands_for_files(pattern: str) -> None:
    command = ["git", "ls-files", pattern]
    assert subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout


def test_rewriting_changes_nothing_but_our_versions() -> None:
    text = '{\n  "version": "1.0.0",\n  "dependencies": {"@hubbub/client": "1.0.0", "vite": "1.0.0"}\n}\n'
    expected = '{\n  "version": "2.0.0",\n  "dependencies": {"@hubbub/client": "2.0.0", "vite": "1.0.0"}\n}\n'
    assert release.rewrite_package(text, "2.0.0") == expected
    text = '[[package]]\nname = "hubbub-core"\nversion = "1.0.0"\n\n[[package]]\nname = "serde"\nversion = "1.0.0"\n'
    rewritten = release.rewrite_cargo_lock(text, "2.0.0")
    assert re.findall(r'version = "(.*)"', rewritten) == ["2.0.0", "1.0.0"]


def test_malformed_version_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "VERSION").write_text("1.0\n", encoding="utf-8")
    assert release.main(["--check"]) == 1
    assert "not a semantic version" in capsys.readouterr().err


def test_pre_release_needs_a_section_of_its_own(repository: Path) -> None:
    assert release.changelog_has((repository / "VERSION").read_text(encoding="utf-8").strip())
    assert not release.changelog_has("9.8.7-rc.1")
