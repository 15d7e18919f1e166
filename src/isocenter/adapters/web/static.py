"""The web client's files: a table made when the process starts, so no path from the wire ever touches the disk.

Files under /assets/ have their hash in their name and are kept for ever by browsers; every other path that is not the
server's own is answered with the one page, which draws the room the path names.
"""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response

from isocenter.adapters.web.security import content_security_policy

_PAGE = "index.html"
_NONCE = b"__CSP_NONCE__"
"""Stands in the built page where each answer puts a nonce of its own."""
_OWN_PREFIXES = ("api", "dicom-web", "health", "metrics", "assets")
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".wasm": "application/wasm", ".js": "text/javascript", ".mjs": "text/javascript", ".map": "application/json"}


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    media_type: str
    gzip: Path | None


def web_client_router(dist: Path | None) -> APIRouter:
    """Routes for the built web client in `dist`; without it the pages say how to build it."""
    files = {} if dist is None else _table(dist)
    router = APIRouter(include_in_schema=False)

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    def page(request: Request, path: str) -> Response:
        own = path.split("/", 1)[0] in _OWN_PREFIXES
        found = files.get(path) or (None if own else files.get(_PAGE))
        if own and found is None:
            raise HTTPException(404, "There is nothing at this address.")
        if found is None:
            return PlainTextResponse("The web client has not been built yet: run `make run` in the checkout.\n", 503)
        if found.path.name == _PAGE:
            return _page(found)
        return _answer(request, found, forever=path.startswith("assets/"))

    return router


def _page(found: _File) -> Response:
    nonce = secrets.token_urlsafe(16)
    policy = content_security_policy(style_nonce=nonce)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
    page = found.path.read_bytes().replace(_NONCE, nonce.encode())
    return Response(page, media_type=found.media_type, headers=headers)


def _answer(request: Request, found: _File, *, forever: bool) -> Response:
    headers = {"Cache-Control": _FOREVER if forever else "no-cache", "Vary": "Accept-Encoding"}
    if found.gzip is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return FileResponse(found.gzip, media_type=found.media_type, headers=headers)
    return FileResponse(found.path, media_type=found.media_type, headers=headers)


def _table(dist: Path) -> dict[str, _File]:
    """Every file of the build by its path in URLs; `x.gz` beside `x` is its compressed form."""
    files: dict[str, _File] = {}
    for path in sorted(dist.rglob("*")):
        if not path.is_file() or path.suffix == ".gz":
            continue
        media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        packed = path.with_name(path.name + ".gz")
        files[path.relative_to(dist).as_posix()] = _File(path, media_type, packed if packed.is_file() else None)
    return files
