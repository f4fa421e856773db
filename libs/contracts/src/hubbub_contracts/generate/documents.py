"""Documents that are generated from the code and committed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]
"""The root of the repository; this file is in libs/contracts/src/hubbub_contracts/generate."""


def write_or_check(documents: Mapping[str, Callable[[], str]], module: str, arguments: list[str]) -> int:
    """Writes the documents, or with `--check` in `arguments` reports the stale ones on stderr.

    `documents` maps a path in the repository to the function that returns the text. `module` is the module that a
    developer runs to write them. Returns the number of stale documents, which is the exit status.
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
