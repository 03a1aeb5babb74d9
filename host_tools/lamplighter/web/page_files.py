"""The files of the pages, and what a browser may do with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_FILES = Path(__file__).with_name("static")
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def routes(first: str) -> list[Route]:
    """`/` is the file `first`; the files that it names are below /static/."""
    return [
        Route("/", lambda request: _file(first)),
        Route("/static/{name}", lambda request: _file(request.path_params["name"])),
    ]


def policy(images: str = "") -> str:
    """The content security policy: nothing but this page's own files; images -- the origin of map tiles."""
    rules = {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
        "img-src": f"'self' {images}".strip(), "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "'none'",
    }  # fmt: skip
    return "; ".join(f"{name} {value}" for name, value in rules.items())


@cache
def _assets() -> dict[str, bytes]:
    """The pages' own files by name: what is not among them cannot be asked for."""
    return {file.name: file.read_bytes() for file in _FILES.iterdir() if file.suffix in _TYPES}


def _file(name: str) -> Response:
    content = _assets().get(name)
    if content is None:
        return PlainTextResponse("There is no such page.\n", 404)
    return Response(content, media_type=_TYPES[Path(name).suffix])
