"""How a failover shows: PostgreSQL refuses every change, or a session that was opened meanwhile goes on to refuse them.

A session keeps what it was opened in. It would refuse changes for as long as it lives, long after the server takes them
again; so whoever holds one that takes no changes leaves it behind.
"""

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError


def is_refusal(error: BaseException) -> bool:
    """Whether it says that the database takes no changes (SQLSTATE 25006); nothing was changed then."""
    return isinstance(error.orig if isinstance(error, DBAPIError) else error, ReadOnlySqlTransaction)


def is_read_only(connection: psycopg.AsyncConnection) -> bool:
    """Whether the session takes no changes, by what the server has told of itself; it is not asked."""
    settings = ("default_transaction_read_only", "in_hot_standby")
    return any(connection.info.parameter_status(name) == "on" for name in settings)
