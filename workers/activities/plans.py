"""The plan of a run's steps as its row keeps it: which version of the workflow it is on, only the run itself knows."""

import json

from psycopg import AsyncConnection

from operations import kinds
from operations.kinds import Subject
from workers.activities.admission import admitted_step

# The console planned by its own version, when the run had not begun. A row without a plan shows that of today.
KEEP = """
    UPDATE public.workflow_executions
    SET input = jsonb_set(input, '{steps}', %(steps)s::jsonb), steps_total = %(total)s
    WHERE id = %(execution)s AND input -> 'steps' <> %(steps)s::jsonb
"""


async def keep(connection: AsyncConnection, subject: Subject) -> None:
    """Write down the steps of the current run, which the caller holds; nothing where the row says the same."""
    step = admitted_step()
    kind = kinds.known().named_in_temporal(step.workflow_type)
    if kind is None:
        return
    planned = kind.planned(subject)
    await connection.execute(
        KEEP, {"execution": step.execution_id, "steps": json.dumps(planned), "total": len(planned)}
    )
