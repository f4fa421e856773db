"""Becomes the given program, which the kernel kills when the process that started this one dies.

Run as a file, not as a module: `python -I -S exec_with_parent.py PARENT_PID PROGRAM ARG...`.
A `preexec_fn` would do the same after a fork, where no Python code is safe once threads exist.
Source: prctl(2), PR_SET_PDEATHSIG. It is kept across execve and it counts the parent's *thread*: start
children from a thread that lives as long as they should.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Asks the kernel to send `signum` to this process when its parent dies. Linux only, else nothing."""
    if sys.platform != "linux":
        return
    # Here, as `python -S` pays for each import at every start of a child.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def main(arguments: list[str]) -> None:
    """`arguments`: the pid of the expected parent, then the program (path or name) and its arguments."""
    parent, program = int(arguments[0]), arguments[1:]
    die_with_parent()
    if os.getppid() != parent:
        # It died before the request was in place.
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - no shell, on purpose


if __name__ == "__main__":
    main(sys.argv[1:])
