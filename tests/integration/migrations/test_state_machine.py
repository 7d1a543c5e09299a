"""The database itself refuses what the state machine forbids, and writes the history, also of plain SQL."""

from itertools import product
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from psycopg.errors import CheckViolation, Error, UniqueViolation

from operations.statuses import FOLLOWERS, Status
from tests.factories import add_execution, set_status

PAIRS = [(before, after) for before, after in product(Status, Status) if before is not after]
ALLOWED = {(before, after) for before, followers in FOLLOWERS.items() for after in followers}
EVENTS = """
    SELECT kind, from_status, to_status, actor, reason, detail FROM execution_events
    WHERE execution_id = %s ORDER BY seq
"""

Event = tuple[str, str | None, str, str, str | None, dict[str, str] | None]


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


async def events(connection: AsyncConnection, execution_id: UUID) -> list[Event]:
    rows = await (await connection.execute(EVENTS, (execution_id,))).fetchall()
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


async def status_of(connection: AsyncConnection, execution_id: UUID) -> Status:
    found = await connection.execute("SELECT status FROM workflow_executions WHERE id = %s", (execution_id,))
    row = await found.fetchone()
    assert row is not None
    return Status(row[0])


async def test_every_step_of_the_state_machine_is_allowed(connection: AsyncConnection) -> None:
    for before, after in sorted(ALLOWED):
        execution = await add_execution(connection, status=before)

        await set_status(connection, execution, after)

        assert await status_of(connection, execution) is after


async def test_everything_else_is_refused(connection: AsyncConnection) -> None:
    for before, after in sorted(set(PAIRS) - ALLOWED):
        execution = await add_execution(connection, status=before)

        with pytest.raises(CheckViolation, match=f"cannot go from {before} to {after}") as refused:
            await set_status(connection, execution, after)

        assert refused.value.diag.constraint_name == "state_machine"
        assert await status_of(connection, execution) is before


async def test_a_correction_may_leave_any_status_and_is_kept_as_such(connection: AsyncConnection) -> None:
    for before, after in PAIRS:
        execution = await add_execution(connection, status=before)
        async with connection.transaction():
            await connection.execute("SET LOCAL tenantry.correction = 'on'")
            await set_status(connection, execution, after)

        assert await status_of(connection, execution) is after
        kind, from_status, to_status, *_ = (await events(connection, execution))[-1]
        assert (kind, from_status, to_status) == ("corrected" if before.is_final else "status", before, after)


async def test_a_correction_ends_with_its_transaction(connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.COMPLETED)
    async with connection.transaction():
        await connection.execute("SET LOCAL tenantry.correction = 'on'")

    with pytest.raises(CheckViolation):
        await set_status(connection, execution, Status.RUNNING)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
async def test_an_execution_begins_as_pending(connection: AsyncConnection, status: Status) -> None:
    with pytest.raises(CheckViolation, match=f"must begin as pending, not {status}"):
        await connection.execute(
            "INSERT INTO workflow_executions"
            " (workflow_id, workflow_type, entity_type, entity_id, task_queue, input, requested_by, status)"
            " VALUES ('x', 'x', 'tenant', gen_random_uuid(), 'x', '{}', 'test', %s)",
            (status,),
        )


@pytest.mark.parametrize(
    ("begins_as", "change", "constraint"),
    [
        (Status.RUNNING, "status = 'failed', completed_at = now()", "ck_workflow_executions_failed"),
        (
            Status.RUNNING,
            "status = 'completed', completed_at = now(), close_reason = 'error'",
            "ck_workflow_executions_failed",
        ),
        (Status.RUNNING, "close_reason = 'error'", "ck_workflow_executions_failed"),
        (Status.RUNNING, "status = 'completed'", "ck_workflow_executions_completed"),
        (Status.RUNNING, "completed_at = now() + interval '1 hour'", "ck_workflow_executions_completed"),
        (
            Status.RUNNING,
            "status = 'completed', completed_at = started_at - interval '1 second'",
            "ck_workflow_executions_times",
        ),
        (
            Status.RUNNING,
            "status = 'failed', completed_at = now() + interval '1 hour', close_reason = 'bored'",
            "ck_workflow_executions_close_reason",
        ),
        (Status.RUNNING, "status = 'paused'", "state_machine"),
        (Status.RUNNING, "workflow_id = 'another'", "state_machine"),
        (Status.RUNNING, "id = gen_random_uuid()", "state_machine"),
        (Status.RUNNING, "health = 'splendid'", "ck_workflow_executions_health"),
        (Status.FAILED, "close_reason = NULL", "ck_workflow_executions_failed"),
        (Status.COMPLETED, "completed_at = NULL", "ck_workflow_executions_completed"),
    ],
)
async def test_a_row_that_contradicts_itself_is_refused(
    connection: AsyncConnection, begins_as: Status, change: str, constraint: str
) -> None:
    execution = await add_execution(connection, status=begins_as)

    with pytest.raises(CheckViolation) as refused:
        await connection.execute(f"UPDATE workflow_executions SET {change} WHERE id = %s".encode(), (execution,))

    assert refused.value.diag.constraint_name == constraint
    assert await status_of(connection, execution) is begins_as


async def test_one_execution_of_a_lane_is_open_for_an_entity(connection: AsyncConnection) -> None:
    first = await add_execution(connection)
    found = await connection.execute("SELECT entity_id FROM workflow_executions WHERE id = %s", (first,))
    row = await found.fetchone()
    assert row is not None

    with pytest.raises(UniqueViolation, match="uq_workflow_executions_open"):
        await add_execution(connection, entity_id=row[0], workflow_type="another_kind")
    await connection.execute("ALTER TABLE workflow_executions ALTER COLUMN lane SET DEFAULT 'backup'")
    await add_execution(connection, entity_id=row[0], workflow_type="another_kind")
    await connection.execute("ALTER TABLE workflow_executions ALTER COLUMN lane SET DEFAULT 'lifecycle'")
    await set_status(connection, first, Status.FAILED)
    await add_execution(connection, entity_id=row[0], attempt=2)


async def test_statuses_written_by_plain_sql_have_a_history(connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.FAILED)

    kept = await events(connection, execution)

    assert [(kind, before, after) for kind, before, after, *_ in kept] == [
        ("created", None, "pending"),
        ("status", "pending", "running"),
        ("status", "running", "failed"),
    ]
    assert {actor for _, _, _, actor, *_ in kept} == {f"database:{connection.info.user}"}
    assert kept[-1][-1] == {"close_reason": "error"}


async def test_who_and_why_come_from_the_transaction_that_changed_the_row(connection: AsyncConnection) -> None:
    execution = await add_execution(connection)
    async with connection.transaction():
        await connection.execute("SET LOCAL tenantry.actor = 'ada@example.com'")
        await connection.execute("SET LOCAL tenantry.reason = 'because'")
        await set_status(connection, execution, Status.RUNNING)
    await set_status(connection, execution, Status.COMPLETED)

    kept = await events(connection, execution)

    assert [(actor, reason) for _, _, _, actor, reason, _ in kept[1:]] == [
        ("ada@example.com", "because"),
        (f"database:{connection.info.user}", None),
    ]


async def test_one_statement_over_many_rows_writes_one_event_for_each(connection: AsyncConnection) -> None:
    executions = [await add_execution(connection, status=Status.RUNNING) for _ in range(3)]

    await connection.execute(
        "UPDATE workflow_executions SET status = 'completed', completed_at = clock_timestamp() WHERE id = ANY(%s)",
        (executions,),
    )

    for execution in executions:
        assert [to for _, _, to, *_ in await events(connection, execution)] == ["pending", "running", "completed"]


async def test_a_change_that_is_refused_leaves_no_event(connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.COMPLETED)

    with pytest.raises(Error):
        await set_status(connection, execution, Status.RUNNING)

    assert len(await events(connection, execution)) == 3


async def test_progress_is_no_status_and_leaves_no_event(connection: AsyncConnection) -> None:
    execution = await add_execution(connection, status=Status.RUNNING)

    await connection.execute(
        "UPDATE workflow_executions SET steps_done = 3, current_step = 'create_schema' WHERE id = %s", (execution,)
    )

    assert len(await events(connection, execution)) == 2
