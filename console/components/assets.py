"""Where the static files lie, and under which address browsers find them."""

import hashlib
from functools import cache
from pathlib import Path

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
