"""What waits for people is counted once, and not when somebody has seen to it."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from console.pages.execution_filters import filter_of
from operations import consequences, tenant_kinds
from operations.database import Database
from operations.queries.attention import Attention, AttentionCounts
from operations.queries.executions import ExecutionQueries
from operations.queries.groups import Groups
from operations.statuses import CloseReason, Status
from tests.factories import add_execution, add_tenant

AILS = "UPDATE workflow_executions SET health = %s, cause = %s, health_since = now() WHERE id = ANY(%s)"
ACKNOWLEDGED = """
    INSERT INTO triage (execution_id, cause, acknowledged_by, acknowledged_at)
    VALUES (%s, 'step_retrying', 'ada', now())
"""
SNOOZED = """
    INSERT INTO triage (execution_id, cause, snoozed_by, snoozed_until) VALUES (%s, %s, 'ada', now() + interval '1 h')
"""
WANTED = (CloseReason.CANCELED, CloseReason.REJECTED)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as connected:
        yield connected


async def failed(
    connection: AsyncConnection, entity_id: UUID, *, how: CloseReason = CloseReason.ERROR, attempt: int = 1
) -> UUID:
    return await add_execution(connection, status=Status.FAILED, entity_id=entity_id, close_reason=how, attempt=attempt)


async def supersede(database: Database, tenant: UUID) -> None:
    """What tracking has noted when an attempt begins or ends."""
    async with database.transaction() as noting:
        await consequences.supersede(noting, tenant_kinds.PROVISIONING.stored_name, tenant)


async def test_a_failed_run_waits_until_a_newer_one_takes_its_place(
    database: Database, connection: AsyncConnection
) -> None:
    counts = AttentionCounts(database=database)
    tenant = await add_tenant(connection, slug=f"waits-{uuid4().hex[:8]}")
    await failed(connection, tenant)
    before = await counts.now()

    await failed(connection, tenant, attempt=2)
    await supersede(database, tenant)
    again = await counts.now()
    await add_execution(connection, entity_id=tenant, attempt=3)
    await supersede(database, tenant)

    assert before == Attention(stuck=0, failed=1, findings=0, approvals=0)
    assert again == Attention(stuck=0, failed=2, findings=0, approvals=0)  # as many as the list of failures has
    assert (await counts.now()).total == 0


@pytest.mark.parametrize("how", CloseReason)
async def test_ends_that_somebody_wanted_do_not_wait(
    database: Database, connection: AsyncConnection, how: CloseReason
) -> None:
    """Title, tile, chip and list say the same number."""
    await failed(connection, uuid4(), how=how)
    executions = ExecutionQueries(database=database)

    waiting = (await AttentionCounts(database=database).now()).failed
    counts = await executions.status_counts()
    listed = (await executions.list(filter_of({"status": "failed"}))).total
    called_off = (await executions.list(filter_of({"status": "called_off"}))).total

    assert {waiting, counts.numbers[Status.FAILED], listed} == {0 if how in WANTED else 1}
    assert counts.called_off == called_off == 1 - waiting


async def test_a_stuck_run_waits_until_it_moves_or_somebody_says_that_it_can_wait(
    database: Database, connection: AsyncConnection
) -> None:
    """What is said of its group holds for it, too; that somebody knows of it does not make it move."""
    counts = AttentionCounts(database=database)
    stuck, known, snoozed, of_group = [await add_execution(connection, status=Status.RUNNING) for _ in range(4)]
    await connection.execute(AILS, ("stuck", "step_retrying", [stuck, known, snoozed]))
    await connection.execute(AILS, ("stuck", "no_worker", [of_group]))
    await add_execution(connection, status=Status.RUNNING)
    before = await counts.now()
    await connection.execute(ACKNOWLEDGED, (known,))
    await connection.execute(SNOOZED, (snoozed, "step_retrying"))
    await connection.execute(SNOOZED, (None, "no_worker"))
    after = await counts.now()

    await connection.execute("UPDATE workflow_executions SET cause = 'no_worker' WHERE id = %s", (known,))
    await connection.execute(AILS, ("slow", "step_retrying", [stuck]))
    await connection.execute(AILS, ("stuck", "step_hanging", [snoozed]))

    assert before == Attention(stuck=4, failed=0, findings=0, approvals=0)
    assert after == Attention(stuck=2, failed=0, findings=0, approvals=0)
    assert (await counts.now()).total == 1  # of another cause than the one that could wait


async def test_the_board_counts_as_awake_what_the_tab_counts_as_stuck(
    database: Database, connection: AsyncConnection
) -> None:
    """Of a group, what is said goes by those that nobody snoozed; where all are, by all."""
    counts, groups = AttentionCounts(database=database), Groups(database=database)
    snoozed, awake, other, late = [await add_execution(connection, status=Status.RUNNING) for _ in range(4)]
    await connection.execute(AILS, ("stuck", "step_retrying", [snoozed, awake, late]))
    await connection.execute(AILS, ("stuck", "no_worker", [other]))
    await connection.execute(
        "UPDATE workflow_executions SET health_since = now() - interval '1 h' WHERE id = %s", (snoozed,)
    )
    await connection.execute(SNOOZED, (snoozed, "step_retrying"))
    await connection.execute(SNOOZED, (late, "step_hanging"))  # it fails otherwise now
    await connection.execute(SNOOZED, (None, "no_worker"))

    some, none = (await groups.list()).items
    stuck = (await counts.now()).stuck
    await connection.execute(SNOOZED, (awake, "step_retrying"))
    await connection.execute("UPDATE triage SET cause = 'step_retrying' WHERE execution_id = %s", (late,))
    all_of_them, _ = (await groups.list()).items
    stuck_then = (await counts.now()).stuck
    await connection.execute("UPDATE triage SET snoozed_until = now()")
    back = (await groups.list()).items

    assert (some.cause, some.count, some.awake, some.asleep_until) == ("step_retrying", 3, 2, None)
    assert some.oldest_id != snoozed
    assert (none.cause, none.awake, none.asleep_until is None) == ("no_worker", 0, False)
    assert (all_of_them.awake, all_of_them.oldest_id, all_of_them.asleep_until is None) == (0, snoozed, False)
    assert (stuck, stuck_then) == (2, 0)
    assert [(group.awake, group.asleep_until) for group in back] == [(3, None), (1, None)]


async def test_open_findings_and_undecided_approvals_wait(database: Database, connection: AsyncConnection) -> None:
    counts = AttentionCounts(database=database)
    waiting = await add_execution(connection, status=Status.RUNNING)
    await connection.execute(
        "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '1 hour')", (waiting,)
    )
    await connection.execute(
        "INSERT INTO reconciliation_findings (kind, workflow_id) VALUES ('no_row', 'a'), ('no_row', 'b')"
    )
    before = await counts.now()

    await connection.execute(
        "INSERT INTO approvals (execution_id, decision, decided_by, reason) VALUES (%s, 'approved', 'ada', 'fine')",
        (waiting,),
    )
    await connection.execute("UPDATE reconciliation_findings SET resolved_at = now() WHERE workflow_id = 'a'")

    assert before == Attention(stuck=0, failed=0, findings=2, approvals=1)
    assert await counts.now() == Attention(stuck=0, failed=0, findings=1, approvals=0)
