"""The feed: one row for each thing that changed, for each statement on a watched table, and never another."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from operations.statuses import Status
from tests.factories import add_execution, add_owner, add_start_command, add_tenant

Changed = list[tuple[str, str]]
Insert = Callable[[AsyncConnection], Awaitable[tuple[UUID, UUID]]]


async def tenant(connection: AsyncConnection) -> tuple[UUID, UUID]:
    id_ = await add_tenant(connection)
    return id_, id_


async def execution(connection: AsyncConnection) -> tuple[UUID, UUID]:
    id_ = await add_execution(connection)
    return id_, id_


async def step(connection: AsyncConnection) -> tuple[UUID, UUID]:
    of = await _only_execution(connection)
    await connection.execute(
        "INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts)"
        " VALUES (%s, 1, 'load_tenant', 'running', 1)",
        (of,),
    )
    return of, of


async def approval(connection: AsyncConnection) -> tuple[UUID, UUID]:
    of, id_ = await _only_execution(connection), uuid4()
    await connection.execute(
        "INSERT INTO approvals (id, execution_id, decision, decided_by, reason)"
        " VALUES (%s, %s, 'approved', 'test', 'fine')",
        (id_, of),
    )
    return id_, of


async def approval_request(connection: AsyncConnection) -> tuple[UUID, UUID]:
    of = await _only_execution(connection)
    await connection.execute(
        "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '7 days')", (of,)
    )
    return of, of


async def command(connection: AsyncConnection) -> tuple[UUID, UUID]:
    of = await _only_execution(connection)
    return await add_start_command(connection, of), of


async def reconciliation_pass(connection: AsyncConnection) -> tuple[UUID, UUID]:
    id_ = uuid4()
    await connection.execute(
        "INSERT INTO reconciliation_passes (id, trigger, requested_by) VALUES (%s, 'operator', 'test')", (id_,)
    )
    return id_, id_


async def finding(connection: AsyncConnection) -> tuple[UUID, UUID]:
    id_ = uuid4()
    await connection.execute(
        "INSERT INTO reconciliation_findings (id, pass_id, kind) SELECT %s, id, 'orphan' FROM reconciliation_passes",
        (id_,),
    )
    return id_, id_


async def triage(connection: AsyncConnection) -> tuple[UUID, UUID]:
    of, id_ = await _only_execution(connection), uuid4()
    await connection.execute("INSERT INTO triage (id, execution_id) VALUES (%s, %s)", (id_, of))
    return id_, of


async def note(connection: AsyncConnection) -> tuple[UUID, UUID]:
    group, id_ = uuid4(), uuid4()
    await connection.execute("INSERT INTO triage (id, cause) VALUES (%s, 'no_worker')", (group,))
    await news(connection)
    await connection.execute(
        "INSERT INTO notes (id, triage_id, author, body) VALUES (%s, %s, 'test', 'seen')", (id_, group)
    )
    return id_, group


async def bulk_operation(connection: AsyncConnection) -> tuple[UUID, UUID]:
    id_ = uuid4()
    await connection.execute(
        "INSERT INTO bulk_operations (id, action, requested_by, reason, selection, total)"
        " VALUES (%s, 'retry', 'test', 'fine', '{}', 1)",
        (id_,),
    )
    return id_, id_


async def bulk_row(connection: AsyncConnection) -> tuple[UUID, UUID]:
    row = await (await connection.execute("SELECT id FROM bulk_operations")).fetchone()
    assert row is not None
    execution_id = uuid4()
    await connection.execute(
        "INSERT INTO bulk_rows (bulk_id, ordinal, execution_id) VALUES (%s, 1, %s)", (row[0], execution_id)
    )
    return execution_id, UUID(str(row[0]))


async def _only_execution(connection: AsyncConnection) -> UUID:
    row = await (await connection.execute("SELECT id FROM workflow_executions")).fetchone()
    assert row is not None
    return UUID(str(row[0]))


#: table → how to insert one row (returns its id and the id of what changed), column of the row's id, kind in the feed.
WATCHED: dict[str, tuple[Insert, str, str]] = {
    "tenants": (tenant, "id", "tenant"),
    "workflow_executions": (execution, "id", "execution"),
    "execution_steps": (step, "execution_id", "execution"),
    "approvals": (approval, "id", "execution"),
    "approval_requests": (approval_request, "execution_id", "execution"),
    "commands": (command, "id", "command"),
    "reconciliation_passes": (reconciliation_pass, "id", "pass"),
    "reconciliation_findings": (finding, "id", "finding"),
    "triage": (triage, "id", "execution"),
    "notes": (note, "id", "triage"),
    "bulk_operations": (bulk_operation, "id", "bulk"),
    "bulk_rows": (bulk_row, "execution_id", "bulk"),
}
NEEDS_EXECUTION = {"execution_steps", "approvals", "approval_requests", "commands", "triage"}


async def news(connection: AsyncConnection) -> Changed:
    """What the feed holds now; taken out of it, so that the next look shows only what came later."""
    rows = await (await connection.execute("DELETE FROM changes RETURNING kind, id")).fetchall()
    return sorted((row[0], row[1]) for row in rows)


@pytest.mark.parametrize("table", WATCHED)
async def test_each_insert_update_and_delete_tells_what_changed_once(connection: AsyncConnection, table: str) -> None:
    insert, column, kind = WATCHED[table]
    if table in NEEDS_EXECUTION:
        await add_execution(connection)
    if table == "reconciliation_findings":
        await reconciliation_pass(connection)
    if table == "bulk_rows":
        await bulk_operation(connection)
    await news(connection)

    row, thing = await insert(connection)
    inserted = await news(connection)
    await connection.execute(f"UPDATE {table} SET {column} = {column} WHERE {column} = %s".encode(), (row,))
    updated = await news(connection)
    await connection.execute(f"DELETE FROM {table} WHERE {column} = %s".encode(), (row,))
    deleted = await news(connection)

    news_of_tenant = [each for each in inserted if each[0] == "tenant" and table == "workflow_executions"]
    assert len(news_of_tenant) == (table == "workflow_executions")
    assert inserted == [(kind, str(thing)), *news_of_tenant]
    assert updated == deleted == [(kind, str(thing))]


async def test_of_new_executions_their_tenant_is_news_too(connection: AsyncConnection) -> None:
    tenant_id = await add_tenant(connection)
    await news(connection)

    of = await add_execution(connection, entity_id=tenant_id)

    assert await news(connection) == [("execution", str(of)), ("tenant", str(tenant_id))]


async def test_another_email_of_an_owner_is_news_of_the_tenant(connection: AsyncConnection) -> None:
    tenant_id = await add_tenant(connection)
    await add_owner(connection, tenant_id)
    await news(connection)

    await connection.execute("UPDATE users SET email = 'ada@globex.example'")

    assert await news(connection) == [("tenant", str(tenant_id))]


async def test_no_other_table_is_watched_and_none_forgotten(connection: AsyncConnection) -> None:
    found = await connection.execute(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'feed\\_%' GROUP BY 1 HAVING count(*) = 3"
    )

    assert {row[0] for row in await found.fetchall()} == set(WATCHED)


async def test_many_rows_of_one_thing_are_one_change(connection: AsyncConnection) -> None:
    of = await add_execution(connection)
    await news(connection)

    await connection.execute(
        "INSERT INTO execution_steps (execution_id, ordinal, name, status, attempts)"
        " SELECT %s, ordinal, 'step', 'running', 1 FROM generate_series(1, 6) ordinal",
        (of,),
    )

    assert await news(connection) == [("execution", str(of))]


async def test_many_things_in_one_statement_are_one_change_each(connection: AsyncConnection) -> None:
    executions = [await add_execution(connection, status=Status.RUNNING) for _ in range(3)]
    await news(connection)

    await connection.execute("UPDATE workflow_executions SET health = 'slow'")

    assert await news(connection) == sorted(("execution", str(each)) for each in executions)


async def test_what_was_rolled_back_is_no_news(connection: AsyncConnection) -> None:
    async with connection.transaction(force_rollback=True):
        await add_tenant(connection)

    assert await news(connection) == []


async def test_a_statement_that_touches_no_row_is_no_news(connection: AsyncConnection) -> None:
    await connection.execute("UPDATE workflow_executions SET health = 'slow'")

    assert await news(connection) == []


async def test_a_change_carries_the_transaction_that_made_it(connection: AsyncConnection) -> None:
    async with connection.transaction():
        await add_tenant(connection)
        found = await connection.execute("SELECT xid = pg_current_xact_id() FROM changes")

        assert [row[0] for row in await found.fetchall()] == [True]
