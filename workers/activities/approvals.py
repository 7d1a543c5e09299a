"""The steps around an approval: ask for one, and read what was decided."""

from dataclasses import dataclass

from temporalio import activity

from operations import contracts, phrases
from operations.contracts import ApprovalStep
from operations.diagnosis.evidence import Evidence
from operations.diagnosis.sentences import sentence
from operations.statuses import Cause, Decision
from workers.activities.admission import admitted_step
from workers.activities.held_tenant import hold_tenant
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
    SET cause = %(cause)s, cause_detail = %(detail)s, health_since = clock_timestamp(),
        cause_since = clock_timestamp(), health = 'ok', signature = NULL, evidence = NULL
    FROM asked WHERE e.id = asked.execution_id
"""

# The time limit decides only when no person has; the unique row makes one of the two win.
TIME_LIMIT = """
    INSERT INTO public.approvals (execution_id, decision, decided_by, reason)
    VALUES (%s, 'rejected', 'system:time-limit', 'Nobody decided within seven days.')
    ON CONFLICT (execution_id) DO NOTHING
"""

DECIDED = "SELECT decision, decided_by, reason FROM public.approvals WHERE execution_id = %s"

NO_LONGER_WAITING = """
    UPDATE public.workflow_executions
    SET cause = NULL, cause_detail = NULL, health_since = NULL, cause_since = NULL, health = 'ok', signature = NULL,
        evidence = NULL
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
                    "cause": Cause.AWAITING_APPROVAL.value,
                    "detail": sentence(Cause.AWAITING_APPROVAL, None, Evidence()),
                },
            )
            return True

    @activity.defn(name=contracts.SETTLE_APPROVAL)
    async def settle_approval(self, step: ApprovalStep) -> str:
        """`approved`, or in words why not; nothing while nobody has decided, which `timed_out` does."""
        async with hold_tenant(self.sessions, step.tenant_id) as (connection, _):
            execution = admitted_step().execution_id
            if step.timed_out:
                await connection.execute(TIME_LIMIT, (execution,))
            row = await (await connection.execute(DECIDED, (execution,))).fetchone()
            if row is None:
                return ""
            await connection.execute(NO_LONGER_WAITING, (execution, Cause.AWAITING_APPROVAL.value))
            return phrases.ended("Rejected", row[1], row[2]) if row[0] == Decision.REJECTED else str(row[0])
