"""Files that only their owner may read and that are never seen half written."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def write_private(path: Path, text: str) -> None:
    """Replace the file as one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def kept_secret(path: Path, *, size: int = 32) -> str:
    """Return the secret in this file; the first call makes it, of so many random bytes."""
    with suppress(FileNotFoundError):
        if text := path.read_text().strip():
            return text
    write_private(path, secrets.token_urlsafe(size))
    return path.read_text().strip()
