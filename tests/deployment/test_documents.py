"""Links and paths in our Markdown files lead to files and headings that exist."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from support.installation import REPOSITORY

LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=REPOSITORY,
    check=True,
    capture_output=True,
    text=True,
).stdout.splitlines()
DOCUMENTS = [name for name in LISTED if name.endswith(".md") and (REPOSITORY / name).is_file()]
TOP = "|".join(sorted({name.split("/")[0] for name in LISTED if "/" in name}))

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE_PATH = re.compile(rf"`((?:{TOP})/[^\s`]*)`")


def without_code_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", without_code_blocks(path.read_text(encoding="utf-8")), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"))
    return found


def broken_links(document: Path) -> list[str]:
    """The relative links of a document that lead nowhere."""
    broken = []
    for link in LINK.findall(without_code_blocks(document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    return broken


def missing_paths(document: Path) -> list[str]:
    """The paths in backticks that start at the repository's top and match no file."""
    paths = CODE_PATH.findall(without_code_blocks(document.read_text(encoding="utf-8")))
    patterns = [re.sub(r"<\w+>", "*", path).partition("::")[0].rstrip("/") for path in paths]
    return [pattern for pattern in patterns if not any(REPOSITORY.glob(pattern))]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_resolve(name: str) -> None:
    assert broken_links(REPOSITORY / name) == []


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "CHANGELOG.md"])
def test_paths_exist(name: str) -> None:
    assert missing_paths(REPOSITORY / name) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "# One *two*: `x`\n[1](#one-two-x) [2](#no) [3](b.md) [4](a.md#no) [5](https://x.org)\n", "utf-8"
    )
    assert broken_links(document) == ["#no", "b.md", "a.md#no"]


def test_missing_paths_are_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "`libs/bus/src` `libs/*/pyproject.toml` `libs/<name>/src` `libs/no/such` `other/thing`\n", "utf-8"
    )
    assert missing_paths(document) == ["libs/no/such"]
