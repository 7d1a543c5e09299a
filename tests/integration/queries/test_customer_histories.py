"""Everything about one customer stands in one line of time, which can be narrowed and followed to its beginning."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations.database import Database
from operations.errors import InvalidInput
from operations.queries.customer_histories import CustomerHistories, Entry, Happening
from operations.queries.schemas import Schemas
from operations.statuses import CloseReason, Status
from tests.factories import add_execution, add_tenant

HAPPENED = """
    INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts, error)
    VALUES (%(run)s, 1, 'load_tenant', 'completed', 1, NULL), (%(run)s, 2, 'create_schema', 'failed', 27, 'disk full');
    INSERT INTO approval_requests (execution_id, expires_at) VALUES (%(run)s, clock_timestamp() + interval '1 day');
    INSERT INTO approvals (id, execution_id, decision, decided_by, reason)
    VALUES (gen_random_uuid(), %(run)s, 'approved', 'ops@example.com', 'paid');
    INSERT INTO commands (id, kind, execution_id, requested_by, reason)
    VALUES (gen_random_uuid(), 'terminate', %(run)s, 'ops@example.com', 'wrong plan'),
           (gen_random_uuid(), 'start', %(run)s, 'ops@example.com', NULL);
    INSERT INTO reconciliation_findings (id, kind, execution_id, workflow_id)
    VALUES (gen_random_uuid(), 'ended', %(run)s, 'tenant-provision-acme');
    INSERT INTO bulk_operations (id, action, requested_by, reason, selection, total)
    VALUES (%(bulk)s, 'retry', 'ops@example.com', 'quota raised', '{}', 1);
    INSERT INTO bulk_rows (bulk_id, ordinal, execution_id) VALUES (%(bulk)s, 1, %(run)s);
    INSERT INTO notes (id, tenant_id, execution_id, author, body)
    SELECT gen_random_uuid(), entity_id, id, 'ops@example.com', 'rang twice' FROM workflow_executions
    WHERE id = %(run)s;
"""


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


@pytest.fixture
async def customer(connection: AsyncConnection) -> UUID:
    tenant = await add_tenant(connection, slug=f"told-{uuid4().hex[:8]}")
    run = await add_execution(
        connection, status=Status.FAILED, entity_id=tenant, close_reason=CloseReason.TERMINATED, attempt=1
    )
    bulk = uuid4()
    for statement in HAPPENED.split(";\n"):
        if statement.strip():
            await connection.execute(statement.encode(), {"run": run, "bulk": bulk})
    await add_execution(connection, entity_id=tenant, attempt=2)
    await add_execution(connection)  # of another customer
    return tenant


async def test_runs_failures_decisions_deeds_findings_and_notes_are_told_newest_first(
    database: Database, customer: UUID
) -> None:
    told = (await CustomerHistories(database=database).of(customer)).items

    assert [each.at for each in told] == sorted((each.at for each in told), reverse=True)
    assert sorted((each.kind, each.word) for each in told) == [
        ("bulk", "retry"),
        ("decision", "approved"),
        ("decision", "requested"),
        ("deed", "terminate"),
        ("finding", "ended"),
        ("note", "note"),
        ("run", "requested"),
        ("run", "requested"),
        ("run", "terminated"),
        ("step", "create_schema"),
    ]
    [step] = [each for each in told if each.kind is Happening.STEP]
    assert (step.tries, step.error, step.attempt) == (27, "disk full", 1)


async def test_a_line_is_followed_back_without_gap_or_repetition(database: Database, customer: UUID) -> None:
    histories = CustomerHistories(database=database)
    whole = (await histories.of(customer)).items

    paged: list[Entry] = []
    cursor: str | None = None
    while True:
        page = await histories.of(customer, cursor=cursor, limit=3)
        paged += page.items
        if (cursor := page.next) is None:
            break

    assert tuple(paged) == whole


async def test_a_line_is_narrowed_to_some_kinds(database: Database, customer: UUID) -> None:
    wanted = frozenset({Happening.DECISION, Happening.DEED})

    told = (await CustomerHistories(database=database).of(customer, kinds=wanted)).items

    assert {each.kind for each in told} == wanted
    assert {each.reason for each in told} == {None, "paid", "wrong plan"}


async def test_a_cursor_of_another_list_is_refused(database: Database, customer: UUID) -> None:
    with pytest.raises(InvalidInput):
        await CustomerHistories(database=database).of(customer, cursor="nonsense")


async def test_of_a_schema_is_told_which_tables_it_has(
    database: Database, connection: AsyncConnection, customer: UUID
) -> None:
    schemas = Schemas(database=database)
    missing = await schemas.of(customer)
    assert missing is not None
    assert (missing.exists, missing.tables) == (False, ())
    await connection.execute(f"CREATE SCHEMA {missing.name}".encode())
    await connection.execute(f"CREATE TABLE {missing.name}.projects AS SELECT generate_series(1, 70) AS n".encode())
    await connection.execute(f"ANALYZE {missing.name}.projects".encode())
    counted = await schemas.of(customer)

    assert counted is not None
    assert [(table.name, table.rows) for table in counted.tables] == [("projects", 70)]
    assert await schemas.of(uuid4()) is None
