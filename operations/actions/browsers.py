"""Browsers that somebody logged in with before: they carry a mark, and have limits of their own on failed log-ins.

Limits on failed log-ins would otherwise be a way to shut people out: whoever guesses at an account, or from within an
office, would use up the tries of its owner, or of everybody there.
"""

import hmac
import secrets
from dataclasses import dataclass

LONGEST_MARK = 200  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Browsers:
    """Makes marks that only it can make; nothing is stored. A mark opens nothing: it is good for tries alone."""

    secret_key: str

    def mark(self, email: str) -> str:
        """For a browser that just logged in with this account; `email` in its stored form."""
        name = secrets.token_urlsafe(16)
        return f"{name}.{self._seal(name, email)}"

    def recognised(self, mark: str | None, email: str) -> str | None:
        """The name of the browser that was given this mark for this account."""
        if mark is None or len(mark) > LONGEST_MARK or not mark.isascii():
            return None
        name, _, seal = mark.partition(".")
        return name if hmac.compare_digest(seal, self._seal(name, email)) else None

    def _seal(self, name: str, email: str) -> str:
        return hmac.new(self.secret_key.encode(), f"browser\n{name}\n{email}".encode(), "sha256").hexdigest()
