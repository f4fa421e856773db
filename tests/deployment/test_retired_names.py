"""`scripts/check-retired-names` finds definitions of retired names, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.installation import REPOSITORY


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "scripts").mkdir()
    return tmp_path


def check(repository: Path, retired: str, file: str, text: str) -> subprocess.CompletedProcess[str]:
    """Runs the script in a repository of one source file."""
    (repository / "scripts/retired-names").write_text(f"# names\n{retired}\n", encoding="utf-8")
    path = repository / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    script = REPOSITORY / "scripts/check-retired-names"
    return subprocess.run([sys.executable, script], cwd=repository, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("retired", "file", "text", "line"),
    [
        ("class Office", "a.py", "\nclass Office(Base):\n    pass\n", 2),
        ("Session.exit", "a.py", "class Session:\n    async def exit(self) -> None: ...\n", 2),
        ("Session.life", "a.py", "class Session:\n    life: int\n", 2),
        ("def judge", "a.py", "class Nodes:\n    def judge(self) -> None: ...\n", 2),
        ("def judge", "a.py", "if True:\n    def judge() -> None: ...\n", 2),
        ("const AMNESTY", "a.py", "AMNESTY: float = 5.0\n", 1),
        ("mod office", "pkg/office.py", "", 1),
        ("fn halt", "a.rs", "impl A {\n    pub(crate) fn halt(&mut self) {\n    }\n}\n", 2),
        ("fn halt", "a.rs", "pub const unsafe fn halt() {}\n", 1),
        ("Consumer.halt", "a.rs", "impl<T> Handler for Consumer {\n    fn halt(&self) {}\n}\n", 2),
        ("Consumer.touched", "a.rs", "pub struct Consumer {\n    pub touched: u8,\n}\n", 2),
        ("struct Foo", "a.rs", "pub struct Foo;\n", 1),
        ("enum Foo", "a.rs", "enum Foo {\n}\n", 1),
        ("trait Foo", "a.rs", "pub trait Foo {\n}\n", 1),
        ("type Era", "a.rs", "type Era = u64;\n", 1),
        ("mod contain", "a.rs", "pub mod contain;\n", 1),
        ("mod contain", "contain/mod.rs", "", 1),
        ("class Era", "a.ts", "export abstract class Era {\n}\n", 1),
        ("interface Era", "a.ts", "export interface Era {\n}\n", 1),
        ("type Era", "a.tsx", "export type Era = number;\n", 1),
        ("function era", "a.ts", "export default async function era() {}\n", 1),
        ("const era", "a.ts", "/* a\n comment */\nexport const era = 1;\n", 3),
        ("Emitter.touch", "a.ts", "export class Emitter extends Base {\n  protected touch(): void {\n  }\n}\n", 2),
        ("Call.era", "a.ts", "class Call {\n  #era = 0;\n}\n", 2),
    ],
)
def test_retired_name_defined_again_is_found(repository: Path, retired: str, file: str, text: str, line: int) -> None:
    result = check(repository, retired, file, text)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{file}:{line}: {retired} ")


@pytest.mark.parametrize(
    ("retired", "file", "text"),
    [
        ("class Office", "a.py", '# class Office\n"""class Office"""\nOffice = 1\n'),
        ("Session.exit", "a.py", "class Other:\n    def exit(self) -> None: ...\n\ndef exit() -> None: ...\n"),
        ("const AMNESTY", "a.py", "def f() -> None:\n    AMNESTY = 1\n"),
        ("fn halt", "a.rs", "// fn halt\n/* fn halt() */\n/*\nfn halt() {}\n*/\nfn halted() { halt() }\n"),
        ("Consumer.halt", "a.rs", "impl Producer {\n    fn halt(&self) {}\n}\n"),
        ("Call.era", "a.ts", "class Call {\n  run() {\n    const era = 0;\n  }\n}\nclass Other {\n  era = 0;\n}\n"),
        ("class Era", "a.md", "class Era\n"),
    ],
)
def test_other_uses_of_the_name_pass(repository: Path, retired: str, file: str, text: str) -> None:
    result = check(repository, retired, file, text)
    assert (result.returncode, result.stdout) == (0, "")


def test_malformed_entry_is_refused(repository: Path) -> None:
    result = check(repository, "klass Office", "a.py", "")
    assert result.returncode == 1
    assert "scripts/retired-names:2" in result.stderr
