"""Documents that are made from the code, and kept in the repository for whoever reads it there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]
"""The repository: this file lies at libs/contracts/src/hubbub_contracts/generate."""


def write_or_check(documents: Mapping[str, Callable[[], str]], module: str, arguments: list[str]) -> int:
    """Writes every document, by its path in the repository; with `--check` it says which are stale instead.

    The number of stale ones is the exit status. `module` is the one that is run to write them.
    """
    stale = 0
    for name, make in documents.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text() == text:
            continue
        if "--check" in arguments:
            stale += 1
            sys.stderr.write(f"{name} is stale: run python -m {module}\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {name}\n")
    return stale
