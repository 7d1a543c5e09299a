"""What a pass reads of the database: candidates by their ids, suspects with what is about to happen to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import kinds
from operations.error_texts import clean
from operations.kinds import Purpose
from operations.reconciliation.decisions import Row
from operations.statuses import CloseReason, CommandState, Status, TenantStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A row that Temporal has not confirmed as closed."""

    id: UUID
    workflow_id: str
    run_id: str | None
    status: Status
    close_reason: CloseReason | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A row found by its workflow id."""

    id: UUID
    workflow_id: str
    status: Status
    is_settled: bool  #: unchanged since before the grace


@dataclass(frozen=True, kw_only=True, slots=True)
class IdleTenant:
    """A tenant that is being provisioned by nothing, or that leaves and whose deprovisioning says that it has gone."""

    id: UUID
    slug: str
    tenant: TenantStatus
    execution_id: UUID | None
    workflow_id: str | None
    status: Status | None
    close_reason: CloseReason | None


async def cutoff(connection: AsyncConnection, grace: float) -> datetime:
    """By the database's clock, which also wrote `updated_at`."""
    moment: datetime | None = await connection.scalar(CUTOFF, {"grace": grace})
    if moment is None:
        raise LookupError
    return moment


async def count(connection: AsyncConnection, before: datetime) -> int:
    return await connection.scalar(COUNT, {"cutoff": before}) or 0


async def candidates(connection: AsyncConnection, before: datetime, after: UUID | None, limit: int) -> list[Candidate]:
    """In the order of their ids, unchanged since `before`."""
    rows = await connection.execute(CANDIDATES, {"cutoff": before, "after": after, "limit": limit})
    return [
        Candidate(
            id=row.id,
            workflow_id=row.workflow_id,
            run_id=row.run_id,
            status=Status(row.status),
            close_reason=None if row.close_reason is None else CloseReason(row.close_reason),
        )
        for row in rows
    ]


async def task_queues(connection: AsyncConnection) -> set[str]:
    """On which unconfirmed rows were started."""
    return set(await connection.scalars(QUEUES))


async def suspects(connection: AsyncConnection, ids: Sequence[UUID], before: datetime) -> list[Row]:
    """Read again just before Temporal is asked: what is written later must still find them like this."""
    rows = await connection.execute(SUSPECTS, {"ids": list(ids), "cutoff": before})
    return [
        Row(
            id=row.id,
            workflow_id=row.workflow_id,
            workflow_type=row.workflow_type,
            entity_id=row.entity_id,
            status=Status(row.status),
            close_reason=None if row.close_reason is None else CloseReason(row.close_reason),
            run_id=row.run_id,
            start=None if row.start is None else CommandState(row.start),
            is_ending=row.is_ending,
            has_begun=row.has_begun,
            newer_is_open=row.newer_is_open,
            was_gone_before=row.was_gone_before,
        )
        for row in rows
    ]


async def named(connection: AsyncConnection, workflow_ids: Sequence[str], before: datetime) -> list[Named]:
    storable = [each for each in workflow_ids if clean(each) == each]  # others, which Temporal takes, have no row
    rows = await connection.execute(NAMED, {"workflow_ids": storable, "cutoff": before})
    return [
        Named(id=row.id, workflow_id=row.workflow_id, status=Status(row.status), is_settled=row.is_settled)
        for row in rows
    ]


async def idle_tenants(connection: AsyncConnection, before: datetime, limit: int) -> list[IdleTenant]:
    parameters = {
        "provisioning": TenantStatus.PROVISIONING.value,
        "workflow_types": kinds.known().stored_names(Purpose.PROVISION),
        "cutoff": before,
        "limit": limit,
    }
    idle = (await connection.execute(IDLE_TENANTS, parameters)).all()
    leaving = {
        "workflow_types": kinds.known().stored_names(Purpose.REMOVE),
        "cutoff": before,
        "limit": max(0, limit - len(idle)),
    }
    left = (await connection.execute(UNDELETED_TENANTS, leaving)).all()
    return [
        IdleTenant(
            id=row.id,
            slug=row.slug,
            tenant=TenantStatus(row.tenant),
            execution_id=row.execution_id,
            workflow_id=row.workflow_id,
            status=None if row.status is None else Status(row.status),
            close_reason=None if row.close_reason is None else CloseReason(row.close_reason),
        )
        for row in (*idle, *left)
    ]


CUTOFF = text("SELECT clock_timestamp() - make_interval(secs => :grace)")
COUNT = text("SELECT count(*) FROM workflow_executions WHERE verified_at IS NULL AND updated_at < :cutoff")
CANDIDATES = text(
    """
    SELECT id, workflow_id, run_id, status, close_reason FROM workflow_executions
    WHERE verified_at IS NULL AND updated_at < :cutoff AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit
    """
)
QUEUES = text("SELECT DISTINCT task_queue FROM workflow_executions WHERE verified_at IS NULL")
SUSPECTS = text(
    """
    SELECT e.id, e.workflow_id, e.workflow_type, e.entity_id, e.status, e.close_reason, e.run_id,
           (SELECT c.state FROM commands c WHERE c.execution_id = e.id AND c.kind = 'start') AS start,
           EXISTS (SELECT FROM commands c WHERE c.execution_id = e.id
                   AND c.kind IN ('terminate', 'cancel', 'replace') AND c.state = 'queued') AS is_ending,
           e.run_id IS NOT NULL OR e.current_step IS NOT NULL AS has_begun,
           EXISTS (SELECT FROM workflow_executions newer
                   WHERE newer.entity_id = e.entity_id AND newer.lane = e.lane
                   AND newer.id <> e.id AND newer.status IN ('pending', 'running')) AS newer_is_open,
           EXISTS (SELECT FROM reconciliation_findings f
                   WHERE f.kind = 'gone' AND f.workflow_id = e.workflow_id AND f.resolved_at IS NULL
                   AND f.first_seen_at < :cutoff) AS was_gone_before
    FROM workflow_executions e WHERE e.id = ANY(:ids) AND e.updated_at < :cutoff
    """
)
NAMED = text(
    """
    SELECT id, workflow_id, status, updated_at < :cutoff AS is_settled FROM workflow_executions
    WHERE workflow_id = ANY(:workflow_ids)
    """
)
# A tenant is left to its open execution, if there is one, and to the grace.
IDLE_TENANTS = text(
    """
    SELECT t.id, t.slug, t.status AS tenant, latest.id AS execution_id, latest.workflow_id, latest.status,
           latest.close_reason
    FROM tenants t LEFT JOIN LATERAL (
        SELECT e.id, e.workflow_id, e.status, e.close_reason, e.updated_at FROM workflow_executions e
        WHERE e.entity_id = t.id AND e.workflow_type = ANY(:workflow_types)
        ORDER BY e.created_at DESC, e.id DESC LIMIT 1
    ) latest ON true
    WHERE t.status = :provisioning AND t.updated_at < :cutoff
      AND (latest.id IS NULL OR (latest.status IN ('completed', 'failed') AND latest.updated_at < :cutoff))
      AND NOT EXISTS (SELECT FROM workflow_executions o WHERE o.entity_id = t.id
                      AND o.workflow_type = ANY(:workflow_types) AND o.status IN ('pending', 'running'))
    LIMIT :limit
    """
)
# Whoever may write in the namespace can say of a step that it is done; that it is, rows know.
UNDELETED_TENANTS = text(
    """
    SELECT t.id, t.slug, t.status AS tenant, latest.id AS execution_id, latest.workflow_id, latest.status,
           latest.close_reason
    FROM tenants t JOIN LATERAL (
        SELECT e.id, e.workflow_id, e.status, e.close_reason, e.updated_at FROM workflow_executions e
        WHERE e.entity_id = t.id AND e.workflow_type = ANY(:workflow_types)
        ORDER BY e.created_at DESC, e.id DESC LIMIT 1
    ) latest ON true
    WHERE t.status IN ('deprovisioning', 'dropping') AND latest.status = 'completed' AND latest.updated_at < :cutoff
    LIMIT :limit
    """
)
