"""The web origins whose pages may connect."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import Url

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NEVER_AN_ORIGIN = frozenset({"ws", "wss", "ftp", "file"})
ANY = "*"


def parse_origin(text: str) -> str:
    """The origin of a page's URL as browsers send it: `https://App.example:443/calls` is `https://app.example`.

    `*` (any origin) and `null` (the origin of sandboxed pages) stay as they are. Raises ValueError for what no browser
    would ever send.
    """
    if text in (ANY, "null"):
        return text
    try:
        url = Url(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an origin such as https://app.example.org") from error
    if "*" in text:
        raise ValueError(f"{text!r}: wildcards within an origin are not supported, list each origin")
    if not url.host or url.username or url.password or url.scheme in _NEVER_AN_ORIGIN:
        raise ValueError(f"{text!r} is not an origin such as https://app.example.org")
    port = "" if url.port in (None, _DEFAULT_PORTS.get(url.scheme)) else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"


class AllowedOrigins:
    """The origins that the operator allows. A page may always connect to the host that served it."""

    def __init__(self, origins: Iterable[str]) -> None:
        """`origins` are results of `parse_origin`."""
        self._origins = frozenset(origins)

    @property
    def cors(self) -> list[str]:
        """For the CORS headers of HTTP."""
        return sorted(self._origins)

    def allows(self, origin: str, host: str | None) -> bool:
        """Whether a page of this origin may connect. `host` is the request's, with its port."""
        return ANY in self._origins or origin in self._origins or _is_own(origin, host)


def _is_own(origin: str, host: str | None) -> bool:
    """Whether `host` is the origin's. The scheme is the origin's: behind a TLS proxy the request's is another."""
    scheme, separator, _ = origin.partition("://")
    if not host or not separator:
        return False
    try:
        return parse_origin(f"{scheme}://{host}") == origin
    except ValueError:
        return False
