"""A container's health check: asks the service in it for `/health`.

    python -m hubbub_service.healthcheck PORT

The argument names the environment variable that holds the port. It needs the standard library alone, so that it may
also be run by its path, which takes a tenth of the time.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Mapping

TIMEOUT = 2.0


def check(variable: str, environment: Mapping[str, str]) -> str | None:
    """None when the service is well, else what is wrong with it."""
    port = environment.get(variable, "")
    if not port.isdecimal():
        return f"{variable} is no port: {port!r}"
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
    # The certificate is made out to another name than the loopback address; nobody stands between us.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT, context=context)


def main() -> int:
    """The exit status: 0 when well, 1 when not, 2 when asked wrongly."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: healthcheck VARIABLE\n")
        return 2
    problem = check(sys.argv[1], os.environ)
    if problem is not None:
        sys.stdout.write(problem + "\n")
    return 0 if problem is None else 1


if __name__ == "__main__":
    sys.exit(main())
