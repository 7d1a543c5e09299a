"""Keeps a zombie from writing: every business write first holds its execution row and looks at it."""

from contextvars import ContextVar
from uuid import UUID

from psycopg import AsyncConnection
from temporalio.exceptions import ApplicationError

from operations.statuses import Status

#: The execution whose step runs in this task; set by the tracking interceptor.
current_execution: ContextVar[UUID | None] = ContextVar("current_execution", default=None)

# Holds the row until the transaction ends, and tells whether a newer attempt exists.
HOLD = """
    SELECT e.status, EXISTS (
        SELECT FROM workflow_executions newer
        WHERE newer.entity_id = e.entity_id AND newer.workflow_type = e.workflow_type AND newer.attempt > e.attempt
    )
    FROM workflow_executions e WHERE e.id = %s FOR UPDATE OF e
"""


async def hold_execution(connection: AsyncConnection) -> None:
    """Raises a non-retryable error when the execution is final or superseded; a missing row does not block.

    Temporal retries activities of a worker it believes dead; the old one may still be alive and must not
    activate a tenant whose run was terminated meanwhile.
    """
    execution_id = current_execution.get()
    if execution_id is None:
        return
    row = await (await connection.execute(HOLD, (execution_id,))).fetchone()
    if row is None:
        return
    status, superseded = Status(row[0]), bool(row[1])
    if status.is_final or superseded:
        why = "has ended" if status.is_final else "was replaced by a newer attempt"
        raise ApplicationError(
            f"The execution {why}; this step writes nothing.", type="ExecutionSuperseded", non_retryable=True
        )
