"""A container's health check: requests `/health` from the service in the same container.

    python -m hubbub_service.healthcheck VARIABLE

VARIABLE is the name of the environment variable that holds the service's port. The module imports the standard library
only, so that a container can run it by its path, which takes a tenth of the time of importing the package.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Mapping

TIMEOUT = 2.0
"""Seconds."""


def check(variable: str, environment: Mapping[str, str]) -> str | None:
    """Returns None when the service is healthy, else the problem."""
    port = environment.get(variable, "")
    if not port.isdecimal():
        return f"{variable} is not a port: {port!r}"
    connection = _connection(int(port), tls=bool(environment.get("TLS_CERT")))
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"port {port}: {error!r}"
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"/health answered {status}"


def _connection(port: int, *, tls: bool) -> http.client.HTTPConnection:
    if not tls:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    # The certificate names the public host, not 127.0.0.1, and loopback traffic cannot be intercepted.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT, context=context)


def main() -> int:
    """Returns the exit status: 0 healthy, 1 unhealthy, 2 wrong usage."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: healthcheck VARIABLE\n")
        return 2
    problem = check(sys.argv[1], os.environ)
    if problem is not None:
        sys.stdout.write(problem + "\n")
    return 0 if problem is None else 1


if __name__ == "__main__":
    sys.exit(main())
