"""`python -m hubbub_recorder.writer COMMANDS ANSWERS`: a writer process, with the file descriptors of its pipes."""

import sys
from multiprocessing.connection import Connection

from .adapters.writer_process import run

if __name__ == "__main__":
    run(Connection(int(sys.argv[1]), writable=False), Connection(int(sys.argv[2]), readable=False))
