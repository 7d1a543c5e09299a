"""Where the static files lie, and under which address browsers find them."""

import hashlib
from functools import cache
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

DIRECTORY = Path(__file__).parent.parent / "assets"


@cache
def version() -> str:
    """Twelve hex digits that change when any file does, so that browsers may keep each for ever."""
    digest = hashlib.sha256()
    for path in sorted(DIRECTORY.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(DIRECTORY).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def mount_path() -> str:
    """Where the application must mount `DIRECTORY`."""
    return f"/assets/{version()}"


def url(name: str) -> str:
    """The address of one file, such as `tenantry.css`."""
    return f"{mount_path()}/{name}"


class Files(StaticFiles):
    """Files under a version in their address never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
