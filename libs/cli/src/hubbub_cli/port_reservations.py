"""Ports that a running program of this user has chosen and may not have bound yet.

Two programs that choose ports at the same time would otherwise find the same one free. A reservation is a lock of one
byte of a file, at the port's number (POSIX record locks, `fcntl(2)`): the system releases it with its process.
"""

import fcntl
import functools
import os
import tempfile
from pathlib import Path

_own: set[int] = set()
"""A process never waits for its own locks, so it remembers them."""


def reserve(port: int) -> bool:
    """Reserves `port` until this process ends. False when it is reserved, by this process or another one of this user.

    Without a file for the locks only this process's own reservations are known.
    """
    if port in _own:
        return False
    locks = _open_locks()
    if locks is not None:
        try:
            fcntl.lockf(locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
    _own.add(port)
    return True


@functools.cache
def _open_locks() -> int | None:
    """The descriptor, which stays open: to close any descriptor of the file would release the locks."""
    path = Path(tempfile.gettempdir()) / f"hubbub-ports-{os.getuid()}"
    try:
        locks = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    if os.fstat(locks).st_uid == os.getuid():
        return locks
    os.close(locks)  # another user's, who could lock every port
    return None
