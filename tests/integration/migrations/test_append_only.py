"""History and audit log refuse every change, whoever asks and however."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, sql
from psycopg.errors import InsufficientPrivilege

ADD_EVENT = "INSERT INTO execution_events (execution_id, at, kind, actor) VALUES (%s, %s, 'created', 'test')"
ADD_ENTRY = "INSERT INTO audit_log (actor, action, outcome) VALUES ('test', 'tenant.register', 'applied')"
THIS_MONTH = f"execution_events_{datetime.now(UTC):%Y%m}"
PREPARED_LATER = "execution_events_203105"

CHANGES = (
    "UPDATE {} SET actor = 'somebody else'",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "TRUNCATE {} CASCADE",
)


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


@pytest.fixture
async def history(connection: AsyncConnection) -> AsyncConnection:
    """A row in each kind of partition and in the audit log; row triggers need one to fire."""
    await connection.execute("SELECT prepare_event_partition('2031-05-01')")
    for moment in (datetime.now(UTC), datetime(2031, 5, 2, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)):
        await connection.execute(ADD_EVENT, (uuid4(), moment))
    await connection.execute(ADD_ENTRY)
    return connection


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "table", ["execution_events", THIS_MONTH, PREPARED_LATER, "execution_events_default", "audit_log"]
)
async def test_what_happened_cannot_be_changed(history: AsyncConnection, table: str, role: str) -> None:
    await history.execute(sql.SQL("SET session_replication_role = {}").format(role))

    for change in CHANGES:
        with pytest.raises(InsufficientPrivilege, match="append-only"):
            await history.execute(sql.SQL(change).format(sql.Identifier(table)))


async def test_a_table_truncated_along_with_others_refuses_for_all(history: AsyncConnection) -> None:
    with pytest.raises(InsufficientPrivilege, match="append-only"):
        await history.execute("TRUNCATE tenants, audit_log CASCADE")


async def test_a_row_moved_to_another_partition_is_a_change_too(history: AsyncConnection) -> None:
    with pytest.raises(InsufficientPrivilege, match="append-only"):
        await history.execute("UPDATE execution_events SET at = '2031-05-03' WHERE at > '2098-01-01'")
