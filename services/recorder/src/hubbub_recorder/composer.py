"""`python -m hubbub_recorder.composer`: makes one file. Reads a job from standard input, and writes answers.

The end of the input says that the recording has finished, or that the recorder is gone.
"""

import os
import sys
import threading

import av
import structlog

from .adapters.composing.compose import NothingToCompose, compose
from .adapters.composing.job import Answer, Composed, Job, NotComposed, Progressed

NICENESS = 15
"""Calls on the same host come first."""


def answer(message: Answer) -> None:
    """Writes one line. A recorder that is gone reads none: the process ends by BrokenPipeError."""
    sys.stdout.write(message.model_dump_json(exclude_none=True) + "\n")
    sys.stdout.flush()


def await_end(finished: threading.Event) -> None:
    """Waits until the input has ended."""
    sys.stdin.read()
    finished.set()


def main() -> None:
    """Makes the file."""
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    os.nice(NICENESS)
    job = Job.model_validate_json(sys.stdin.readline())
    finished = threading.Event()
    threading.Thread(target=await_end, args=(finished,), name="input", daemon=True).start()
    result: Composed | NotComposed
    try:
        result = compose(job, lambda progress: answer(Progressed(progress=progress)), finished)
    except BrokenPipeError:
        raise SystemExit(1) from None
    except (NothingToCompose, OSError, av.FFmpegError) as error:
        result = NotComposed(error=str(error))
    answer(result)


if __name__ == "__main__":
    main()
