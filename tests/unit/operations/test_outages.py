import psycopg
import pytest
from psycopg import errors as sqlstates
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from operations import outages
from operations.errors import DatabaseBusy, DatabaseLocked, DatabaseSlow, DatabaseUnavailable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlstates.QueryCanceled("canceling statement due to statement timeout"), DatabaseSlow),
        (sqlstates.LockNotAvailable("canceling statement due to lock timeout"), DatabaseLocked),
        (sqlstates.DeadlockDetected("deadlock detected"), DatabaseLocked),
        (sqlstates.SerializationFailure("could not serialize"), DatabaseLocked),
        (PoolTimeout("QueuePool limit"), DatabaseBusy),
        (sqlstates.AdminShutdown("terminating connection"), DatabaseUnavailable),
        (psycopg.OperationalError("anything else"), DatabaseUnavailable),
        (ConnectionRefusedError(), DatabaseUnavailable),
    ],
)
def test_only_who_does_not_answer_is_said_not_to_answer(error: Exception, kind: type[DatabaseUnavailable]) -> None:
    wrapped = OperationalError("SELECT 1", {}, error) if isinstance(error, psycopg.Error) else error

    assert type(outages.named(wrapped)) is kind
    assert type(outages.named(error)) is kind
    assert ("does not answer" in outages.named(error).message) == (kind is DatabaseUnavailable)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('connection failed: connection to server at "10.0.0.7", port 5432 failed: Connection refused', "refused"),
        ('FATAL:  password authentication failed for user "tenantry"', "does not accept the user name or the password"),
        ('failed to resolve host "db.corp.local": [Errno -2] Name or service not known', "name is unknown"),
        ('FATAL:  database "tenantry" does not exist', "no such database"),
        ("SSL error: certificate verify failed", "certificate is not accepted"),
        ("connection timeout expired", "no answer came in time"),
        ("FATAL:  sorry, too many clients already", "too many connections"),
    ],
)
def test_the_reason_is_kept_and_gives_nothing_away(said: str, why: str) -> None:
    message = outages.named(psycopg.OperationalError(said)).message

    assert message.startswith("PostgreSQL does not answer: ")
    assert why in message
    for secret in ("10.0.0.7", "5432", '"tenantry"', "corp.local"):
        assert secret not in message


def test_without_a_reason_the_sentence_is_the_usual_one() -> None:
    assert outages.named(psycopg.OperationalError("?")).message == DatabaseUnavailable().message
