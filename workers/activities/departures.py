"""The steps that remove a tenant, or give back one whose removal was cancelled.

What decides is read from rows, under locks, in the transaction that acts by it: that the tenant leaves, that it is due,
and that nobody asked for the run to end. A run is only the occasion, whoever started it and with whatever arguments.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection
from psycopg.errors import OutOfMemory
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from operations import contracts
from operations.contracts import TenantStep
from operations.phrases import REQUESTS, who
from operations.statuses import CommandKind, TenantStatus
from workers.activities import schemas
from workers.activities.admission import admitted_step, hold_execution
from workers.activities.held_tenant import TenantRow, hold_tenant, work_on_schema
from workers.activities.sessions import Sessions

LONGEST_PAUSE = timedelta(hours=1)  #: until a deletion that came too early looks again
LOOK_FOR_CONSENT = timedelta(seconds=5)  #: until a deletion that nobody has approved looks again
PARTS_AT_ONCE = 64  #: tables dropped in one transaction, each with its indexes and sequences


@dataclass(frozen=True, kw_only=True, slots=True)
class DepartureActivities:
    """Steps on a tenant that leaves."""

    sessions: Sessions

    @activity.defn(name=contracts.ANNOUNCE_DEPROVISIONING)
    async def announce_deprovisioning(self, step: TenantStep) -> bool:
        """The beginning of runs of the first version, which take the waiting time from their arguments."""
        await self.announce_departure(step)
        return True

    @activity.defn(name=contracts.ANNOUNCE_DEPARTURE)
    async def announce_departure(self, step: TenantStep) -> float:
        """Check that the tenant leaves, and return the seconds until it is due."""
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
            _check_leaving(tenant)
            return 0.0 if tenant.status.is_gone else max(0.0, (await _due(connection, tenant)).left.total_seconds())

    @activity.defn(name=contracts.RESTORE_TENANT)
    async def restore_tenant(self, step: TenantStep) -> bool:
        """Give the tenant back the status it had; False when it is too late, as something was dropped already."""
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
            await connection.execute(RESTORE, {"tenant": tenant.id, "schema": tenant.schema_name})
            restored = await (await connection.execute(STATUS, (tenant.id,))).fetchone()
            return restored is not None and not TenantStatus(restored[0]).is_gone

    @activity.defn(name=contracts.DELETE_TENANT)
    async def delete_tenant(self, step: TenantStep) -> bool:
        """Drop the schema, if it carries this tenant's mark; the tenant's row stays, so that its slug stays taken.

        All in one transaction, or, when the server has not the locks for that, from the moment in parts in which
        nobody can keep the tenant any more. Returns whether there was a schema.
        """
        await self._keep_what_nobody_approved(step)
        try:
            return await self._delete(step)
        except OutOfMemory:  # of locks: each table, index and sequence takes one
            await self._begin_dropping(step)
        await self._drop_parts(step)
        return await self._delete(step)

    async def _keep_what_nobody_approved(self, step: TenantStep) -> None:
        """Gives the tenant back when the removal needed another person's approval, and the time for that is up."""
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
            if (await connection.execute(TIME_LIMIT, (admitted_step().execution_id,))).rowcount != 1:
                return
            await connection.execute(RESTORE, {"tenant": tenant.id, "schema": tenant.schema_name})
        raise ApplicationError(
            "Nobody else approved the removal in time; the tenant is kept.", type=contracts.REJECTED, non_retryable=True
        )

    async def _delete(self, step: TenantStep) -> bool:
        async with work_on_schema(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
            await _check_due(connection, tenant)
            dropped = await schemas.drop(connection, tenant.schema_name, step.tenant_id)
            await hold_execution(connection, step.tenant_id)
            await _check_wanted(connection, tenant)
            if (await connection.execute(DELETE, (tenant.id,))).rowcount != 1:
                raise _stays(tenant.slug, "not leaving any more")
            return dropped

    async def _begin_dropping(self, step: TenantStep) -> None:
        async with hold_tenant(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
            await _check_due(connection, tenant)
            await _check_wanted(connection, tenant)
            await connection.execute(BEGIN_DROPPING, (tenant.id,))

    async def _drop_parts(self, step: TenantStep) -> None:
        """Each part in a transaction of its own; smaller ones when the server has not the locks for it."""
        size, done = PARTS_AT_ONCE, 0
        while True:
            try:
                async with work_on_schema(self.sessions, step.tenant_id, is_leaving=True) as (connection, tenant):
                    dropped = await schemas.drop_part(connection, tenant.schema_name, step.tenant_id, size)
            except OutOfMemory:
                if size == 1:
                    raise
                size //= 2
                continue
            if dropped == 0:
                return
            done += dropped
            activity.heartbeat(f"{done} tables dropped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """When a tenant may be deleted, by the database's clock."""

    at: datetime
    left: timedelta  #: negative when it is overdue


async def _due(connection: AsyncConnection, tenant: TenantRow) -> Due:
    row = await (await connection.execute(DUE, (admitted_step().execution_id, tenant.id))).fetchone()
    if row is None or row[0] is None:
        raise ApplicationError(
            f"It is not recorded when tenant {tenant.slug} is due, so nothing of it is deleted. Cancel this run and "
            "deprovision the tenant once more.",
            type="DueTimeMissing",
        )
    return Due(at=row[0], left=row[1])


async def _check_due(connection: AsyncConnection, tenant: TenantRow) -> None:
    """Raises an error for a tenant that does not leave, or, to be tried again, one that is not due yet."""
    _check_leaving(tenant)
    if tenant.status.is_gone:
        return
    due = await _due(connection, tenant)
    if due.left > timedelta(0):
        raise ApplicationError(
            f"Tenant {tenant.slug} is not due before {due.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; until then "
            "nothing of it is deleted.",
            type="NotDue",
            next_retry_delay=min(due.left, LONGEST_PAUSE),
            category=ApplicationErrorCategory.BENIGN,
        )


async def _check_wanted(connection: AsyncConnection, tenant: TenantRow) -> None:
    """Raises an error, to be tried again, when somebody asked for the run to end, or has to approve; the execution is
    held.

    Asked only now, after the lock: an action that was first has committed its command, and one that comes later will
    see what this transaction made of the tenant.
    """
    if tenant.status.is_gone:
        return
    row = await (await connection.execute(ENDING, (admitted_step().execution_id,))).fetchone()
    if row is not None:
        raise ApplicationError(
            f"{REQUESTS[CommandKind(row[0])]} was requested by {who(row[1])}, so nothing is deleted. The "
            f"run ends when Temporal has told it; "
            "if it does not, ask again.",
            type="EndingAskedFor",
            category=ApplicationErrorCategory.BENIGN,
        )
    if await (await connection.execute(UNAPPROVED, (admitted_step().execution_id,))).fetchone() is not None:
        raise ApplicationError(
            f"Another person has to approve the removal of tenant {tenant.slug} first; until then nothing is deleted.",
            type=contracts.NEEDS_CONSENT,
            next_retry_delay=LOOK_FOR_CONSENT,
            category=ApplicationErrorCategory.BENIGN,
        )


def _check_leaving(tenant: TenantRow) -> None:
    if not tenant.status.leaves:
        raise _stays(tenant.slug, tenant.status)


def _stays(slug: str, status: str) -> ApplicationError:
    return ApplicationError(
        f"Tenant {slug} is {status}: this run deletes nothing. Deprovision the tenant once more if it has to go.",
        type="TenantStays",
        non_retryable=True,
    )


# A console of the version before wrote the waiting time into the input of the execution alone.
DUE = """
    SELECT due.at, due.at - clock_timestamp()
    FROM public.tenants t LEFT JOIN public.workflow_executions e ON e.id = %s CROSS JOIN LATERAL (
        SELECT coalesce(t.due_at, e.created_at + make_interval(secs => (e.input -> 'arguments' ->> 2)::float8)) AS at
    ) due
    WHERE t.id = %s
"""

# A cancel counts whatever became of its delivery; a terminate that was delivered was for an earlier run.
ENDING = """
    SELECT kind, requested_by FROM public.commands
    WHERE execution_id = %s AND (kind = 'cancel' OR kind = 'terminate' AND state = 'queued')
    ORDER BY created_at LIMIT 1
"""

# A removal that takes two has a request; one that was rejected ends by its cancel.
UNAPPROVED = """
    SELECT FROM public.approval_requests r WHERE execution_id = %s AND NOT EXISTS (
        SELECT FROM public.approvals p WHERE p.execution_id = r.execution_id AND p.decision = 'approved'
    )
"""

# As of a provisioning, the unique row makes one of the two win: the time limit or a person.
TIME_LIMIT = """
    INSERT INTO public.approvals (execution_id, decision, decided_by, reason)
    SELECT execution_id, 'rejected', 'system:time-limit', 'Nobody else approved the removal in time.'
    FROM public.approval_requests WHERE execution_id = %s AND expires_at < clock_timestamp()
    ON CONFLICT (execution_id) DO NOTHING
"""

# A tenant that was active and has no schema cannot be active again: whoever dropped it, the way leads on.
RESTORE = """
    UPDATE public.tenants SET updated_at = clock_timestamp(), status = CASE
        WHEN former_status = 'active' AND NOT EXISTS (
            SELECT FROM pg_namespace WHERE nspname = %(schema)s
        ) THEN 'dropping' ELSE former_status END
    WHERE id = %(tenant)s AND status = 'deprovisioning'
"""
STATUS = "SELECT status FROM public.tenants WHERE id = %s"
BEGIN_DROPPING = """
    UPDATE public.tenants SET status = 'dropping', updated_at = clock_timestamp()
    WHERE id = %s AND status = 'deprovisioning'
"""
DELETE = """
    UPDATE public.tenants SET status = 'deleted', deleted_at = coalesce(deleted_at, clock_timestamp()),
           updated_at = clock_timestamp()
    WHERE id = %s AND status IN ('deprovisioning', 'dropping', 'deleted')
"""
