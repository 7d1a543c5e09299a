"""What pages' sockets are sent and cannot be handled: a line of the log with who and where, and not one for each.

Anybody with a page open can send anything, as often as they like. A traceback for each would push all else out of the
log.
"""

import logging
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from traceback import walk_tb
from typing import ClassVar

from nicegui import core

from operations.logs import logger

SAID_AGAIN = 10.0  #: seconds until the log has another line about the same sender
MOST_SENDERS = 1_000  #: that are remembered
LONGEST = 200  #: characters of an error
FRAMES = 5  #: of where it happened, the innermost first
NOBODY = "nobody known"

log = logger(__name__)


@dataclass(slots=True)
class Sender:
    """Somebody whose messages are being handled, in a session of theirs."""

    name: str
    said_at: float = float("-inf")
    unsaid: int = 0


@dataclass(frozen=True, slots=True)
class Complaints:
    """Says what could not be handled, of each sender once in a while; what is not said is counted."""

    _senders: dict[str, Sender] = field(default_factory=dict)
    _now: ClassVar[ContextVar[Sender | None]] = ContextVar("sender", default=None)

    def hear(self, session: str, name: str) -> Sender:
        """From here on, and in what is begun from here, messages of this session are handled."""
        while len(self._senders) >= MOST_SENDERS and session not in self._senders:
            del self._senders[next(iter(self._senders))]
        sender = self._senders.setdefault(session, Sender(name))
        self._now.set(sender)
        return sender

    @property
    def sender(self) -> Sender | None:
        """Whose message is being handled."""
        return self._now.get()

    def say(self, error: BaseException) -> None:
        """Each error once, whoever else is told of it on its way."""
        if vars(error).get(_SAID):
            return
        vars(error)[_SAID] = True
        sender = self.sender or self.hear(NOBODY, NOBODY)
        if monotonic() - sender.said_at < SAID_AGAIN:
            sender.unsaid += 1
            return
        log.error(
            "a message to a page could not be handled",
            who=sender.name,
            error=f"{type(error).__name__}: {error}"[:LONGEST],
            where=_where(error),
            not_told_before=sender.unsaid,
        )
        sender.said_at, sender.unsaid = monotonic(), 0


_SAID = "tenantry_said"
COMPLAINTS = Complaints()


def keep_logs_short() -> None:
    """Have what NiceGUI and Engine.IO log with a traceback while they handle messages said here instead. Call once."""
    logging.getLogger("nicegui").addFilter(_unless_of_a_message)
    core.sio.eio.logger.addFilter(_unless_an_error)


def _unless_of_a_message(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if error is None or COMPLAINTS.sender is None:
        return True
    COMPLAINTS.say(error)
    return False


def _unless_an_error(record: logging.LogRecord) -> bool:
    """All that Engine.IO does is to handle what it was sent."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        COMPLAINTS.say(error)
    return error is None


def _where(error: BaseException) -> str:
    frames = [f"{Path(frame.f_code.co_filename).name}:{line}" for frame, line in walk_tb(error.__traceback__)]
    return " < ".join(reversed(frames[-FRAMES:]))
