"""Counts and rates agree with a full count."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from operations.database import Database
from operations.queries.executions import ExecutionQueries
from operations.queries.paging import COUNT_CAP
from operations.statuses import Status

STANDING = "superseded_by IS NULL AND coalesce(close_reason, '') NOT IN ('canceled', 'rejected')"
BY_STATUS = text(f"SELECT status, count(*) FROM workflow_executions WHERE {STANDING} GROUP BY status")
CALLED_OFF = text(
    "SELECT count(*) FROM workflow_executions WHERE superseded_by IS NULL AND close_reason IN ('canceled', 'rejected')"
)
SUPERSEDED = text("SELECT count(*) FROM workflow_executions WHERE superseded_by IS NOT NULL")


async def test_counts_by_status_are_exact_up_to_the_cap(executions: ExecutionQueries, few: Database) -> None:
    async with few.reading() as connection:
        truth = {Status(status): number for status, number in await connection.execute(BY_STATUS)}
        called_off, superseded = await connection.scalar(CALLED_OFF), await connection.scalar(SUPERSEDED)

    counts = await executions.status_counts()

    assert counts.numbers == {status: min(truth.get(status, 0), COUNT_CAP + 1) for status in Status}
    assert truth[Status.COMPLETED] > COUNT_CAP
    assert counts.called_off == called_off > 0
    assert counts.superseded == superseded > 0


async def test_throughput_has_every_hour_of_the_day_with_what_ended_in_it(database: Database) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    async with database.transaction() as connection:
        await connection.exec_driver_sql("SET LOCAL tenantry.correction = 'on'")
        for ended, status in ((0, "completed"), (0, "failed"), (3, "completed"), (3, "completed"), (30, "failed")):
            await connection.execute(
                ADD_ENDED,
                {
                    "status": status,
                    "reason": "error" if status == "failed" else None,
                    "ended": hour - timedelta(hours=ended),
                },
            )

    hours = await ExecutionQueries(database=database).throughput(hours=24)

    assert [each.hour for each in hours] == [hour - timedelta(hours=ago) for ago in range(23, -1, -1)]
    assert {(each.hour, each.completed, each.failed) for each in hours if each.completed or each.failed} == {
        (hour, 1, 1),
        (hour - timedelta(hours=3), 2, 0),
    }


ADD_ENDED = text(
    """
    INSERT INTO workflow_executions
           (workflow_id, workflow_type, entity_type, entity_id, status, close_reason, task_queue, input, requested_by,
            created_at, completed_at)
    VALUES ('ended-' || gen_random_uuid(), 'test', 'tenant', gen_random_uuid(), :status, :reason, 'test', '{}', 'test',
            :ended, :ended)
    """
)
