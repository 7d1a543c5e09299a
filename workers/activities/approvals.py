"""The steps around an approval: ask for one, and read what was decided."""

from dataclasses import dataclass

from temporalio import activity

from operations import contracts
from operations.contracts import ApprovalStep
from workers.activities.fence import admitted_step
from workers.activities.held_tenant import DECISION, hold_tenant
from workers.activities.sessions import Sessions

# The request is what lets people decide; the cause only tells why the run does not go on. A run that asks again, by
# another try or after a reset, begins to wait anew.
ASK = """
    WITH asked AS (
        INSERT INTO public.approval_requests AS r (execution_id, requested_at, expires_at)
        SELECT e.id, now.at, now.at + %(limit)s
        FROM public.workflow_executions e CROSS JOIN (SELECT clock_timestamp() AS at) now
        WHERE e.id = %(execution)s AND e.status IN ('pending', 'running')
          AND NOT EXISTS (SELECT FROM public.approvals WHERE execution_id = e.id)
        ON CONFLICT (execution_id) DO UPDATE SET requested_at = excluded.requested_at, expires_at = excluded.expires_at
        RETURNING r.execution_id
    )
    UPDATE public.workflow_executions e
    SET cause = %(cause)s, cause_detail = 'Waits for an operator to approve the plan.',
        health_since = clock_timestamp()
    FROM asked WHERE e.id = asked.execution_id
"""

# The time limit decides only when no person has; the unique row makes one of the two win.
TIME_LIMIT = """
    INSERT INTO public.approvals (execution_id, decision, decided_by, reason)
    VALUES (%s, 'rejected', 'system:time-limit', 'Nobody decided within the time limit.')
    ON CONFLICT (execution_id) DO NOTHING
"""

NO_LONGER_WAITING = """
    UPDATE public.workflow_executions SET cause = NULL, cause_detail = NULL, health_since = NULL
    WHERE id = %s AND cause = %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalActivities:
    """Steps that only a tracked run can take: the decision belongs to its execution."""

    sessions: Sessions

    @activity.defn(name=contracts.REQUEST_APPROVAL)
    async def request_approval(self, step: ApprovalStep) -> bool:
        """Show that a person has to decide."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, _):
            await connection.execute(
                ASK,
                {
                    "execution": admitted_step().execution_id,
                    "limit": contracts.APPROVAL_LIMIT,
                    "cause": contracts.AWAITING_APPROVAL,
                },
            )
            return True

    @activity.defn(name=contracts.SETTLE_APPROVAL)
    async def settle_approval(self, step: ApprovalStep) -> str:
        """The decision, or nothing when there is none yet; with `timed_out` there always is one."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, _):
            execution = admitted_step().execution_id
            if step.timed_out:
                await connection.execute(TIME_LIMIT, (execution,))
            row = await (await connection.execute(DECISION, (execution,))).fetchone()
            if row is None:
                return ""
            await connection.execute(NO_LONGER_WAITING, (execution, contracts.AWAITING_APPROVAL))
            return str(row[0])
