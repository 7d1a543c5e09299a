"""Keeps a zombie from writing: every business write first holds its execution row and looks at it."""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from temporalio.exceptions import ApplicationError

from operations import contracts
from operations.statuses import Status

UNDOING = [contracts.DROP_SCHEMA, contracts.RESTORE_TENANT]  #: steps that take back what earlier ones did


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrentStep:
    """The step that runs in this task, of a tracked execution."""

    execution_id: UUID
    ordinal: int
    name: str
    run_id: str | None


#: Set by the tracking interceptor.
current_step: ContextVar[CurrentStep | None] = ContextVar("current_step", default=None)

# Holds the row until the transaction ends, and tells whether a newer attempt or an undoing step came after this one.
HOLD = """
    SELECT e.status, EXISTS (
        SELECT FROM public.workflow_executions newer
        WHERE newer.entity_id = e.entity_id AND newer.workflow_type = e.workflow_type AND newer.attempt > e.attempt
    ), EXISTS (
        SELECT FROM public.execution_steps later
        WHERE later.execution_id = e.id AND later.ordinal > %s AND later.name = ANY (%s)
    )
    FROM public.workflow_executions e WHERE e.id = %s FOR UPDATE OF e
"""

# The step's row is bookkeeping that may have been lost; what an undoing step undid must stay undone all the same.
BEGUN = """
    INSERT INTO public.execution_steps (execution_id, ordinal, name, run_id, status, attempts)
    VALUES (%s, %s, %s, %s, 'running', 1) ON CONFLICT (execution_id, ordinal) DO NOTHING
"""


async def hold_execution(connection: AsyncConnection) -> None:
    """Raises a non-retryable error when nothing may be written for this step any more; a missing row does not block.

    Temporal gives up on a worker that it believes dead and goes on without it. The old one may still be alive: it must
    not activate a tenant whose run was terminated meanwhile, nor make a schema after it was taken back.
    """
    step = current_step.get()
    if step is None:
        return
    row = await (await connection.execute(HOLD, (step.ordinal, UNDOING, step.execution_id))).fetchone()
    if row is None:
        return
    reasons = {
        "has ended": Status(row[0]).is_final,
        "was replaced by a newer attempt": bool(row[1]),
        "is taking back what this step did": bool(row[2]),
    }
    for reason, applies in reasons.items():
        if applies:
            raise ApplicationError(
                f"The execution {reason}; this step writes nothing.", type="ExecutionSuperseded", non_retryable=True
            )
    if step.name in UNDOING:
        await connection.execute(BEGUN, (step.execution_id, step.ordinal, step.name, step.run_id))
