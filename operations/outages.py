"""What an error of the driver means to those who wait for the answer, in words that give nothing away."""

import psycopg
from psycopg import errors as sqlstates
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from operations.errors import DatabaseBusy, DatabaseLocked, DatabaseSlow, DatabaseUnavailable

WORDS = {
    "28P01": "it does not accept the user name or the password",
    "28000": "it does not let this user in",
    "3D000": "it has no such database",
    "42501": "this user lacks a right",
    "53100": "its disk is full",
    "53200": "it is out of memory",
    "53300": "it has too many connections",
    "57P01": "it was shut down",
    "57P02": "it crashed",
    "57P03": "it is starting or stopping",
    "57P05": "it ended a connection that was idle",
    "25P03": "it ended a transaction that was idle",
}
#: What libpq says when there is no SQLSTATE, as there is none before a connection: the end of the way tells nothing.
SAID = {
    "password authentication failed": WORDS["28P01"],
    "no password supplied": WORDS["28P01"],
    "no pg_hba.conf entry": WORDS["28000"],
    "too many clients": WORDS["53300"],
    "no more connections allowed": WORDS["53300"],
    "query_wait_timeout": WORDS["53300"],
    "remaining connection slots": WORDS["53300"],
    "starting up": WORDS["57P03"],
    "shutting down": WORDS["57P03"],
    "does not exist": "it has no such database or user",
    "connection refused": "the connection is refused",
    "no such file or directory": "nothing listens on its socket",
    "name or service not known": "its name is unknown",
    "no address associated": "its name is unknown",
    "nodename nor servname": "its name is unknown",
    "temporary failure in name resolution": "its name cannot be looked up",
    "failed to resolve host": "its name is unknown",
    "no route to host": "no network route leads to it",
    "network is unreachable": "no network route leads to it",
    "certificate": "its certificate is not accepted",
    "ssl": "TLS cannot be agreed on",
    "timeout": "no answer came in time",
    "no answer within": "no answer came in time",
    "closed the connection": "it ended the connection",
}


def named(error: BaseException) -> DatabaseUnavailable:
    """The error of ours for one of the driver's, the engine's or the system's."""
    if isinstance(error, PoolTimeout):
        return DatabaseBusy()
    cause = error.orig if isinstance(error, DBAPIError) else error
    match cause:
        case sqlstates.QueryCanceled():
            return DatabaseSlow()
        case sqlstates.LockNotAvailable() | sqlstates.DeadlockDetected() | sqlstates.SerializationFailure():
            return DatabaseLocked()
    why = reason(cause)
    return DatabaseUnavailable(f"PostgreSQL does not answer: {why}. {UNKNOWN}" if why else None)


UNKNOWN = "Whether a change under way was kept is not known: look before you repeat it."


def reason(error: BaseException | None) -> str | None:
    """Why PostgreSQL does not answer; never a name, an address or an account."""
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return WORDS.get(error.sqlstate)
    if isinstance(error, ConnectionRefusedError):
        return SAID["connection refused"]
    said = str(error).lower()
    return next((words for part, words in SAID.items() if part in said), None)
