"""How a child is started so that it never outlives us."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_WRAPPER = Path(__file__).with_name("exec_with_parent.py")


def bound_to_us(command: Sequence[str]) -> list[str]:
    """The command that runs `command` under the same pid, killed by the kernel when this process dies."""
    return [sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), *command]
