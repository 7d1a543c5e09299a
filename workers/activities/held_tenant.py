"""The transactions of steps: what they hold, when, and which errors no repetition cures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from operations import contracts, kinds
from operations.statuses import Decision, Plan, TenantStatus
from workers.activities.admission import admitted_step, hold_execution
from workers.activities.sessions import Sessions

TENANT = "SELECT id, slug, plan, status, schema_name FROM public.tenants WHERE id = %s"
DECISION = "SELECT decision FROM public.approvals WHERE execution_id = %s"
LOCKED_TENANT = f"{TENANT} FOR UPDATE"
LONGEST_STATEMENT = "240s"  #: less than a try of a step may take

#: Classes of SQLSTATE that no repetition cures: wrong data, broken rules, missing rights, wrong statements.
PERMANENT = ("22", "23", "42")


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantRow:
    """What the steps need to know of a tenant."""

    id: UUID
    slug: str
    plan: str
    status: TenantStatus
    schema_name: str


@asynccontextmanager
async def hold_tenant(
    sessions: Sessions, tenant_id: str, *, is_leaving: bool = False
) -> AsyncIterator[tuple[AsyncConnection, TenantRow]]:
    """For short writes: locks the execution, then the tenant, in this order, so that no two deadlock; then commits.

    Raises non-retryable errors for a tenant that is missing or, unless `is_leaving`, being removed, and for
    errors of the database that no repetition cures.
    """
    async with _transaction(sessions) as connection:
        await hold_execution(connection, tenant_id)
        yield connection, await _look(connection, LOCKED_TENANT, tenant_id, is_leaving=is_leaving)


async def check_approved(connection: AsyncConnection, tenant: TenantRow) -> None:
    """Raises an error for a tenant whose plan needs an approval that this execution does not have.

    The run has waited for one; what it was told proves nothing, as anybody who may write in the namespace can tell it.
    Tried again while nobody has decided, so that somebody still can; a run that never asks cannot get one.
    """
    if tenant.plan != Plan.ENTERPRISE:
        return
    row = await (await connection.execute(DECISION, (admitted_step().execution_id,))).fetchone()
    kind = kinds.known().named_in_temporal(admitted_step().workflow_type)
    if row is None and kind is not None and all(step.name != contracts.REQUEST_APPROVAL for step in kind.steps):
        raise ApplicationError(
            f"Tenant {tenant.slug} has the plan {tenant.plan}, for which a person has to approve, and "
            f"{kind.title} asks nobody; nothing is made for it. Provision it by a kind that has the step "
            f"{contracts.REQUEST_APPROVAL}, or give this one the step.",
            type="ApprovalNotPlanned",
            non_retryable=True,
        )
    if row is None or row[0] != Decision.APPROVED:
        raise ApplicationError(
            f"Nobody has approved tenant {tenant.slug}; nothing is made for it."
            if row is None
            else f"Tenant {tenant.slug} was {row[0]}; nothing is made for it.",
            type="NotApproved",
            non_retryable=row is not None,
            category=ApplicationErrorCategory.BENIGN,
        )


@asynccontextmanager
async def work_on_schema(
    sessions: Sessions, tenant_id: str, *, is_leaving: bool = False, spares_active: bool = False
) -> AsyncIterator[tuple[AsyncConnection, TenantRow]]:
    """For work on the tenant's schema, which may take long: nothing else is locked until just before the commit.

    Whoever wants to terminate the run meanwhile must not have to wait; if they did, the work is rolled back. With
    `spares_active` the tenant must be inactive before and after: a switch-on that was under way may come in between.
    """
    async with _transaction(sessions) as connection:
        await connection.execute("SELECT set_config('statement_timeout', %s, true)", (LONGEST_STATEMENT,))
        yield (
            connection,
            await _look(connection, TENANT, tenant_id, is_leaving=is_leaving, spares_active=spares_active),
        )
        await hold_execution(connection, tenant_id)
        await _look(connection, LOCKED_TENANT, tenant_id, is_leaving=is_leaving, spares_active=spares_active)


@asynccontextmanager
async def _transaction(sessions: Sessions) -> AsyncIterator[AsyncConnection]:
    try:
        async with sessions.transaction() as connection:
            yield connection
    except psycopg.Error as error:
        if (error.sqlstate or "")[:2] in PERMANENT:
            raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from error
        raise


async def _look(
    connection: AsyncConnection, question: str, tenant_id: str, *, is_leaving: bool, spares_active: bool = False
) -> TenantRow:
    row = await (await connection.execute(question.encode(), (tenant_id,))).fetchone()
    if row is None:
        raise ApplicationError(f"There is no tenant {tenant_id}.", type="TenantMissing", non_retryable=True)
    tenant = TenantRow(id=row[0], slug=row[1], plan=row[2], status=TenantStatus(row[3]), schema_name=row[4])
    if tenant.status.leaves and not is_leaving:
        raise ApplicationError(
            f"Tenant {tenant.slug} is {tenant.status}; it is not provisioned again.",
            type="TenantLeaving",
            non_retryable=True,
        )
    if tenant.status is TenantStatus.ACTIVE and spares_active:
        raise ApplicationError(
            f"Tenant {tenant.slug} is active; its schema stays.", type="TenantActive", non_retryable=True
        )
    return tenant
