"""The interactive reference of the routes, at `/docs`. It needs the same grant as the document that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from hubbub_contracts import ErrorCode, HubbubError

from ..domain.authorization import Grant
from .identification import Identification

_SHOWN, _LOCKED = "docs.html", "docs-locked.html"
REFERENCE_FILES = frozenset({_SHOWN, _LOCKED})
"""The files of the built page that this route serves, and no other one."""


def serve_reference(app: FastAPI, page: Path | None, identification: Identification) -> None:
    """Adds the route. `page` is the directory of the built page; None: it is not served here."""

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        try:
            identification.authorize(request.scope, Grant.ADMIN)
        except HubbubError as error:
            # A browser has the token in the fragment, and sends it once a page asks for it.
            if page is None or error.code is not ErrorCode.UNAUTHENTICATED or not _wants_page(request):
                raise
            return _file(page / _LOCKED, 401, {"WWW-Authenticate": "Bearer"})
        if page is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "the page is not served here: see /openapi.json")
        return _file(page / _SHOWN)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _file(file: Path, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    if not file.is_file():
        raise HubbubError(ErrorCode.NOT_FOUND, "the reference was not built: see /openapi.json")
    return FileResponse(file, status, {"Cache-Control": "no-cache", **(headers or {})})
