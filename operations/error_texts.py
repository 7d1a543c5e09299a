"""Texts of errors, such as can be kept: the innermost cause, not "Activity task failed"; no NUL, and not too long."""

import asyncio
import re

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, TimeoutType

from operations.contracts import REJECTED, plain_title

LONGEST_ERROR = 4000  # characters
LONGEST_WORDS = 500  #: of a name, or of a reason that somebody gave
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
UNINFORMATIVE = frozenset({"ApplicationError", "Exception", "RuntimeError", REJECTED})
WORDLESS = "It failed without saying why"
TIME_LIMITS = {
    TimeoutType.START_TO_CLOSE: "One try of the step took longer than it may.",
    TimeoutType.SCHEDULE_TO_START: "No worker took the step in time.",
    TimeoutType.SCHEDULE_TO_CLOSE: "All tries of the step together took longer than they may.",
    TimeoutType.HEARTBEAT: "The worker fell silent during the step.",
}


def root_cause(error: BaseException) -> str:
    """The message of the innermost cause, with its type where that says more."""
    return _with_type(_chain(error)[-1])


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, the innermost last; one that causes itself is cut where it begins anew."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and all(cause is not known for known in chain):
        chain.append(cause)
    return chain


def _with_type(error: BaseException) -> str:
    match error:
        case ApplicationError():
            kind, message = error.type or "", error.message
        case exceptions.TimeoutError():
            kind, message = "", f"{TIME_LIMITS[error.type]}\n{error.message}" if error.type else error.message
        case ActivityError():
            kind, message = "", f"The step “{plain_title(error.activity_type)}” failed.\n{error.message}"
        case FailureError():
            kind, message = "", error.message
        case asyncio.CancelledError():
            kind, message = "", str(error) or "It was cancelled."
        case _:
            kind, message = type(error).__name__, str(error)
    if not message:
        return f"{WORDLESS} ({kind})." if kind and kind not in UNINFORMATIVE else f"{WORDLESS}."
    return message if not kind or kind in UNINFORMATIVE or message.startswith(kind) else f"{kind}: {message}"


def clean(error: str | None) -> str | None:
    """An error text that PostgreSQL can store: no NUL, no lone surrogates, at most `LONGEST_ERROR` characters."""
    if error is None:
        return None
    storable = error.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return storable if len(storable) <= LONGEST_ERROR else storable[: LONGEST_ERROR - 1] + "…"


def clean_words(said: str | None) -> str | None:
    """A name or a reason that anybody may have given, such as can be kept: one line, at most `LONGEST_WORDS` long."""
    if said is None:
        return None
    words = _CONTROLS.sub(" ", clean(said[: LONGEST_WORDS + 1].replace("\x00", "�")) or "")
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"


def sendable(error: BaseException) -> BaseException:
    """The error itself; or one that says and means the same, where its words or its causes' cannot travel as UTF-8.

    The SDK would replace such an error by its own failure to encode it, and that one is tried again for ever.
    """
    chain = _chain(error)
    if all(_is_utf8(str(each)) for each in chain):
        return error
    cause: BaseException | None = None
    for each in reversed(chain):
        harmless = _in_words_that_travel(each)
        harmless.__cause__, cause = cause, harmless
    return harmless


def _in_words_that_travel(error: BaseException) -> ApplicationError:
    if not isinstance(error, ApplicationError):
        return ApplicationError(clean(str(error)) or "", type=type(error).__name__)
    return ApplicationError(
        clean(error.message) or "",
        *error.details,
        type=error.type,
        non_retryable=error.non_retryable,
        next_retry_delay=error.next_retry_delay,
        category=error.category,
    )


def _is_utf8(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True
