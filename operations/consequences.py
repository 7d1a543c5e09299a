"""What the status of an execution means for its tenant and its steps; written in the transaction of the status."""

from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import kinds
from operations.kinds import Purpose
from operations.models import Tenant
from operations.statuses import TenantStatus


async def completed(connection: AsyncConnection, execution_id: UUID) -> None:
    """A step whose reports were lost with its worker ended well, or the run would not have."""
    await connection.execute(END_STEPS, {"execution": execution_id})


async def failed(connection: AsyncConnection, execution_id: UUID, workflow_type: str, tenant_id: UUID) -> None:
    """A failed provisioning makes a tenant failed only while it was being provisioned; an active one stays.

    A failed deprovisioning leaves the tenant deprovisioning, for a retry; one that never ran is taken back.
    """
    await connection.execute(END_STEPS, {"execution": execution_id})
    match kinds.known().purpose(workflow_type):
        case Purpose.PROVISION:
            await _turn(connection, tenant_id, TenantStatus.PROVISIONING, TenantStatus.FAILED)
        case Purpose.REMOVE:
            await connection.execute(TAKE_BACK, {"execution": execution_id})
        case Purpose.CLEAN | Purpose.WORK:
            pass


async def reopened(connection: AsyncConnection, workflow_type: str, tenant_id: UUID) -> None:
    """A provisioning that goes on after all has its tenant provisioning again.

    A deprovisioning that goes on after all changes nothing: its steps remove only a tenant that still leaves.
    """
    if kinds.known().purpose(workflow_type) is Purpose.PROVISION:
        await _turn(connection, tenant_id, TenantStatus.FAILED, TenantStatus.PROVISIONING)


async def supersede(connection: AsyncConnection, workflow_type: str, entity_id: UUID) -> None:
    """Note of each failed attempt which newer one, open or completed, has taken its place; of no other any.

    Called when an attempt begins, fails or is corrected: nothing else changes it. One at a time for an entity, or two
    attempts that are settled at once would each be judged by what the other was.
    """
    attempts = {"entity": entity_id, "type": workflow_type}
    await connection.execute(ONE_AT_A_TIME, attempts)
    await connection.execute(SUPERSEDE, attempts)


async def _turn(connection: AsyncConnection, tenant_id: UUID, before: TenantStatus, after: TenantStatus) -> None:
    await connection.execute(
        update(Tenant)
        .where(Tenant.id == tenant_id, Tenant.status == before)
        .values(status=after, updated_at=func.clock_timestamp())
    )


ONE_AT_A_TIME = text(
    """
    SELECT pg_advisory_xact_lock(
        hashtextextended('superseded ' || CAST(:type AS text) || ' ' || CAST(:entity AS uuid), 0))
    """
)

# Rows that say it already are not written, nor locked.
SUPERSEDE = text(
    """
    UPDATE workflow_executions e SET superseded_by = now.newer
    FROM (
        SELECT old.id, (
            SELECT new.id FROM workflow_executions new
            WHERE new.entity_id = old.entity_id AND new.workflow_type = old.workflow_type
              AND new.attempt > old.attempt AND new.status <> 'failed' AND old.status = 'failed'
            ORDER BY new.attempt DESC LIMIT 1
        ) AS newer
        FROM workflow_executions old WHERE old.entity_id = :entity AND old.workflow_type = :type
    ) AS now
    WHERE e.id = now.id AND e.superseded_by IS DISTINCT FROM now.newer
    """
)

TAKE_BACK = text(
    """
    UPDATE tenants t SET status = t.former_status, updated_at = clock_timestamp()
    FROM workflow_executions e
    WHERE e.id = :execution AND e.started_at IS NULL AND t.id = e.entity_id AND t.status = 'deprovisioning'
      AND t.former_status IS NOT NULL
    """
)

# What no report has ended: in a run that went wrong by itself, the step that nobody saw failing is the one that did.
# Steps that are being reported right now are locked in the other order, and need no help.
END_STEPS = text(
    """
    WITH unreported AS (
        SELECT ordinal, status FROM execution_steps
        WHERE execution_id = :execution AND status IN ('running', 'retrying') FOR UPDATE SKIP LOCKED
    ), run AS (
        SELECT e.status, e.close_reason, e.error_message,
               EXISTS (
                   SELECT FROM execution_steps f WHERE f.execution_id = e.id AND f.status = 'failed'
               ) AS is_explained
        FROM workflow_executions e WHERE e.id = :execution
    ), outcome AS (
        SELECT unreported.ordinal, run.error_message, CASE
            WHEN run.status = 'completed' THEN 'completed'
            WHEN run.close_reason <> 'error' THEN 'canceled'
            WHEN run.is_explained AND unreported.status = 'running' THEN 'completed'
            ELSE 'failed' END AS status
        FROM unreported, run
    ), ended AS (
        UPDATE execution_steps s SET
            status = outcome.status, next_try_at = NULL,
            error = CASE WHEN outcome.status = 'failed' THEN coalesce(s.error, outcome.error_message) ELSE s.error END,
            completed_at = greatest(clock_timestamp(), s.started_at, s.tried_at)
        FROM outcome WHERE s.execution_id = :execution AND s.ordinal = outcome.ordinal
        RETURNING s.ordinal
    )
    UPDATE workflow_executions e SET steps_done = coalesce(e.steps_total, (SELECT count(*) FROM ended) + (
        SELECT count(*) FROM execution_steps d WHERE d.execution_id = :execution AND d.status = 'completed'))
    WHERE e.id = :execution AND e.status = 'completed' AND (EXISTS (SELECT FROM ended) OR e.steps_done < e.steps_total)
    """
)
