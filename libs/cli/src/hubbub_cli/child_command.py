"""The command line of a child process that must not outlive this process."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_WRAPPER = Path(__file__).with_name("exec_with_parent.py")


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """A command that runs `command` under the same pid. The kernel kills it when this process dies."""
    return [sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), *command]
