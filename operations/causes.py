"""The words that explain a failure: the innermost cause, not "Activity task failed", and such as can be kept."""

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

LONGEST_ERROR = 4000  # characters
UNINFORMATIVE = frozenset({"ApplicationError", "Exception", "RuntimeError"})


def root_cause(error: BaseException) -> str:
    """The message of the innermost cause, with its type where that says more."""
    innermost, seen = error, {id(error)}
    while innermost.__cause__ is not None and id(innermost.__cause__) not in seen:
        innermost = innermost.__cause__
        seen.add(id(innermost))
    return _with_type(innermost)


def _with_type(error: BaseException) -> str:
    match error:
        case ApplicationError():
            kind, message = error.type or "", error.message
        case exceptions.TimeoutError():
            kind, message = "", f"{error.message} (time limit: {error.type.name.lower() if error.type else 'unknown'})"
        case ActivityError():
            kind, message = "", f"step {error.activity_type}: {error.message}"
        case FailureError():
            kind, message = "", error.message
        case _:
            kind, message = type(error).__name__, str(error)
    message = message or "no message"
    return message if not kind or kind in UNINFORMATIVE or message.startswith(kind) else f"{kind}: {message}"


def clean(error: str | None) -> str | None:
    """An error text that PostgreSQL can store: no NUL, no lone surrogates, at most `LONGEST_ERROR` characters."""
    if error is None:
        return None
    storable = error.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return storable if len(storable) <= LONGEST_ERROR else storable[: LONGEST_ERROR - 1] + "…"


def sendable(error: BaseException) -> BaseException:
    """The error itself; or one that says and means the same, where its words or its cause's cannot travel as UTF-8.

    The SDK would replace such an error by its own failure to encode it, and that one is tried again for ever.
    """
    cause = None if error.__cause__ is None else sendable(error.__cause__)
    if cause is error.__cause__ and _is_utf8(str(error)):
        return error
    if isinstance(error, ApplicationError):
        harmless = ApplicationError(
            clean(error.message) or "",
            *error.details,
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )
    else:
        harmless = ApplicationError(clean(str(error)) or "", type=type(error).__name__)
    harmless.__cause__ = cause
    return harmless


def _is_utf8(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True
