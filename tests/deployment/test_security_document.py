"""docs/security.md names tests that exist, for every row and every requirement."""

import re

import pytest

from support.installation import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w./-]+\.(?:py|rs|mts|ts|tsx))(?:::(\w+))?`", DOCUMENT)))
ROWS = range(1, 31)
V17 = ["17.1.1", "17.1.2", *(f"17.2.{number}" for number in range(1, 9)), "17.3.1", "17.3.2"]


def definition_in(path: str, name: str) -> bool:
    """Whether the file defines a test function of this name."""
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    return re.search(rf"\b(?:def|fn) {name}\b", text) is not None


@pytest.mark.parametrize(("path", "name"), NAMED, ids=["::".join(filter(None, one)) for one in NAMED])
def test_named_test_exists(path: str, name: str) -> None:
    assert (REPOSITORY / path).is_file()
    assert not name or definition_in(path, name)


def test_every_row_and_every_webrtc_requirement_has_a_line() -> None:
    assert len(NAMED) > 50
    lines = dict(re.findall(r"^\| ([\d.]+) \| .* \| (.*) \|$", DOCUMENT, re.MULTILINE))
    for number in (*map(str, ROWS), *V17):
        assert number in lines, number
        assert "::" in lines[number] or "`" in lines[number], number


def test_every_adversarial_test_file_is_named() -> None:
    files = {f"tests/security/{path.name}" for path in (REPOSITORY / "tests" / "security").glob("test_*.py")}
    assert files <= {path for path, _ in NAMED}


def test_a_missing_test_is_noticed() -> None:
    assert definition_in("tests/deployment/test_security_document.py", "test_a_missing_test_is_noticed")
    assert not definition_in("tests/deployment/test_security_document.py", "test_that_nobody" + "_wrote")
