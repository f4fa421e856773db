"""Runs a program that the kernel kills when the parent process dies.

Run this as a file, not as a module: `python -I -S exec_with_parent.py PARENT_PID PROGRAM ARG...`. A `preexec_fn` would
run Python code after a fork, which is not safe once threads exist.
Source: prctl(2), PR_SET_PDEATHSIG. The setting survives execve, and it refers to the parent's *thread*: start children
from a thread that lives at least as long as they do.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Asks the kernel to send `signum` to this process when its parent dies. Does nothing outside Linux."""
    if sys.platform != "linux":
        return
    # Imported here, because every import delays every start of a child.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def main(arguments: list[str]) -> None:
    """`arguments`: the pid of the expected parent, then the program (path or name) and its arguments."""
    parent, program = int(arguments[0]), arguments[1:]
    die_with_parent()
    if os.getppid() != parent:
        # The parent died before the prctl call.
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - no shell, on purpose


if __name__ == "__main__":
    main(sys.argv[1:])
