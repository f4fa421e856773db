"""`scripts/check-rust-modules` finds circles of sibling modules, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.installation import REPOSITORY


def check(crate: Path, sources: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the script on a crate with these files."""
    for name, text in sources.items():
        path = crate / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    script = REPOSITORY / "scripts/check-rust-modules"
    return subprocess.run([sys.executable, script, crate], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("sources", "circle"),
    [
        ({"a.rs": "use crate::b::B;", "b.rs": "use crate::a::A;"}, "crate: a -> b -> a"),
        ({"a.rs": "use crate::{\n    b::{self, B},\n};", "b.rs": "fn f() { crate::a::f() }"}, "crate: a -> b -> a"),
        ({"a.rs": "use super::b as other;", "b.rs": "use crate::a::*;"}, "crate: a -> b -> a"),
        ({"lib.rs": "pub use a::A;", "a.rs": "use crate::b::B;", "b.rs": "use crate::A;"}, "crate: a -> b -> a"),
        ({"a/mod.rs": "", "a/x.rs": "use crate::b::B;", "b.rs": "use crate::a::x::X;"}, "crate: a -> b -> a"),
        (
            {"a/mod.rs": "pub use x::X;", "a/x.rs": "use super::y::Y;", "a/y.rs": "use super::X;"},
            "crate::a: x -> y -> x",
        ),
        ({"a.rs": "mod inner {\n    use super::super::b::B;\n}", "b.rs": "use crate::a::A;"}, "crate: a -> b -> a"),
        ({"a.rs": "use crate::b::B;", "b.rs": "use crate::c::C;", "c.rs": "use crate::a::A;"}, "a -> b -> c -> a"),
    ],
)
def test_circle_is_printed(tmp_path: Path, sources: dict[str, str], circle: str) -> None:
    result = check(tmp_path, {"lib.rs": ""} | sources)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{tmp_path}: ")
    assert result.stdout.endswith(f"{circle}\n")


@pytest.mark.parametrize(
    "sources",
    [
        {"lib.rs": "pub use a::A;\npub use b::B;", "a.rs": "use crate::b::B;", "b.rs": "pub struct B;"},
        {"a.rs": "use crate::LIMIT;", "lib.rs": "mod a;\nconst LIMIT: usize = 1;"},
        {"a.rs": "use crate::b::B;", "b.rs": '// use crate::a::A;\n/* crate::a::A */\nconst T: &str = "crate::a::A";'},
        {"a.rs": "use crate::b::B;", "b.rs": "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}"},
        {"a.rs": "use crate::b::B;", "b.rs": "mod tests;", "b/tests.rs": "use crate::a::A;"},
        {"a.rs": "use other::b::B;", "b.rs": "use crate::a::A;"},
        {"a/mod.rs": "const X: u8 = 1;\nuse x::Y;", "a/x.rs": "use super::X;"},
    ],
)
def test_other_imports_pass(tmp_path: Path, sources: dict[str, str]) -> None:
    result = check(tmp_path, {"lib.rs": ""} | sources)
    assert (result.returncode, result.stdout) == (0, "")
