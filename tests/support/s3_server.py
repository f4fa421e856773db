"""An S3 server for tests: SeaweedFS, on free loopback ports, with one bucket."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from hubbub_cli.ports import free_tcp_port

BUCKET = "recordings"
ACCESS_KEY = "key-of-the-tests"
SECRET_KEY = "secret-of-the-tests"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0


class S3Server:
    """A context manager. The port and what is stored survive `stop` and `start`."""

    def __init__(self, directory: Path) -> None:
        """Does not start the server, which keeps its data in the directory."""
        self._directory = directory
        self._directory.mkdir(parents=True)
        self.port = free_tcp_port()
        self._ports = {name: free_tcp_port() for name in ("master", "volume", "filer", "admin")}
        self._grpc_ports = {name: free_tcp_port() for name in ("master", "volume", "filer", "admin", "s3")}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a client."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
        }

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        command = [
            str(Path(sys.executable).with_name("weed")),
            "mini",
            f"-dir={self._directory}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-webdav=false",
            "-admin.ui=false",
            f"-bucket={BUCKET}",
            f"-s3.port={self.port}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *(f"-{name}.port={port}" for name, port in self._ports.items()),
            *(f"-{name}.port.grpc={port}" for name, port in self._grpc_ports.items()),
        ]
        with (self._directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **keys})
        deadline = time.monotonic() + START_TIMEOUT
        while not self._has_bucket():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(
                    f"the S3 server does not start: {(self._directory / 'server.log').read_text()[-2000:]}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Kills the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _has_bucket(self) -> bool:
        """The server answers, and refuses a client without a signature."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{BUCKET}", timeout=2.0)
        except urllib.error.HTTPError as error:
            return error.code == 403
        except OSError:
            return False
        return True
