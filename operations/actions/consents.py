"""That it takes two to remove a tenant: nothing is deleted before somebody else than whoever asked has approved it."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.contracts import APPROVAL_LIMIT
from operations.diagnosis.evidence import Awaited, Evidence
from operations.diagnosis.sentences import sentence
from operations.statuses import Cause


async def ask(connection: AsyncConnection, execution_id: UUID) -> None:
    """Ask for the approval of a removal that was just written; of a tenant that is partly gone, nobody is asked."""
    evidence = Evidence(awaited=Awaited.CONSENT)
    values = {
        "id": execution_id,
        "limit": APPROVAL_LIMIT,
        "cause": Cause.AWAITING_APPROVAL.value,
        "detail": sentence(Cause.AWAITING_APPROVAL, None, evidence),
        "awaited": Awaited.CONSENT.value,
    }
    await connection.execute(ASK, values)


# Decided in vain it is only after the waiting time: until then nothing would have been deleted either.
ASK = text(
    """
    WITH asked AS (
        INSERT INTO approval_requests (execution_id, requested_at, expires_at)
        SELECT e.id, now.at, greatest(t.due_at, now.at) + CAST(:limit AS interval)
        FROM workflow_executions e JOIN tenants t ON t.id = e.entity_id AND t.status = 'deprovisioning'
        CROSS JOIN (SELECT clock_timestamp() AS at) now
        WHERE e.id = :id
        ON CONFLICT (execution_id) DO UPDATE SET expires_at = excluded.expires_at
        RETURNING execution_id
    )
    UPDATE workflow_executions e
    SET cause = :cause, cause_detail = :detail, health = 'ok', health_since = clock_timestamp(),
        cause_since = clock_timestamp(), signature = NULL,
        evidence = jsonb_build_object('awaited', CAST(:awaited AS text))
    FROM asked WHERE e.id = asked.execution_id
    """
)
