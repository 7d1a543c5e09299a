"""Finds the words that explain a failure: the innermost cause, not "Activity task failed"."""

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

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
