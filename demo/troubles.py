"""Trouble that is real: runs that Temporal carries out, or cannot. What is registered here waits for its worker."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from psycopg import AsyncConnection, sql

from demo.customers import Customer
from demo.ends import OPERATORS
from demo.fates import SUPPORT as SUPPORTERS
from demo.history import Story
from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered, Tenants
from operations.bootstrap import Services
from operations.statuses import Plan, Role, TenantStatus

FAR_QUEUE = "tenantry-eu"  #: nobody works on it
LEAVING = 3
WELL = 5
SUPPORT = Actor(name=SUPPORTERS[0], role=Role.SUPPORT)
OPERATOR = Actor(name=OPERATORS[0], role=Role.OPERATOR)

FILL_DISK = """
    INSERT INTO demo.faults (fault, slug, ordered_by, begun_at, ends_at)
    VALUES ('break_step', %s, 'system:demo', clock_timestamp(), clock_timestamp() + interval '12 hours')
"""
# As the deliverer leaves it that has met a Temporal which did not answer, again and again.
BACK_OFF = """
    UPDATE commands SET tries = 7, due_at = clock_timestamp() + interval '20 minutes',
           error = 'Temporal did not answer within 5 s.'
    WHERE execution_id = %s AND kind = 'start'
"""
IDLE = """
    WITH tenant AS (
        INSERT INTO tenants (id, slug, name, plan, status, registered_by, created_at)
        VALUES (%(id)s, %(slug)s, %(name)s, 'business', 'provisioning', %(by)s, now() - interval '2 hours')
    ), owner AS (
        INSERT INTO users (id, email, name) VALUES (%(owner)s, %(email)s, %(owner_name)s)
    )
    INSERT INTO memberships (tenant_id, user_id, role) VALUES (%(id)s, %(owner)s, 'owner')
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Newcomers:
    """Customers of whom the history knows nothing, by the plan that is asked for."""

    waiting: Iterator[Customer]

    def next(self, plan: Plan = Plan.BUSINESS) -> Customer:
        return replace(next(self.waiting), plan=plan)


async def make(services: Services, connection: AsyncConnection, story: Story) -> None:
    """Each kind of trouble once or twice, and some customers without any."""
    newcomers = Newcomers(waiting=iter(story.newcomers))
    await _full_disk(services, connection, newcomers.next())
    await _foreign_schema(services, connection, newcomers.next(Plan.STARTER))
    far = replace(services.tenants, task_queue=FAR_QUEUE)
    await _register(far, newcomers.next())
    held_back = await _register(services.tenants, newcomers.next(Plan.STARTER))
    await connection.execute(BACK_OFF, (held_back.execution_id,))
    await _idle(connection, newcomers.next())
    for _ in range(2):
        await _register(services.tenants, newcomers.next(Plan.ENTERPRISE))
    for _ in range(WELL):
        await _register(services.tenants, newcomers.next(Plan.STARTER))
    for slug in _leaving(story):
        await services.tenants.deprovision(OPERATOR, slug, "Contract ends with the month.")


async def _full_disk(services: Services, connection: AsyncConnection, customer: Customer) -> None:
    await connection.execute(FILL_DISK, (customer.slug,))
    await _register(services.tenants, customer)


async def _foreign_schema(services: Services, connection: AsyncConnection, customer: Customer) -> None:
    """Somebody else's schema stands where the tenant's should."""
    registered = await _register(services.tenants, customer)
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(_schema(registered.tenant_id)))


async def _idle(connection: AsyncConnection, customer: Customer) -> None:
    """Somebody restored a customer from a backup, and nothing provisions it."""
    values = {
        "id": customer.id,
        "slug": customer.slug,
        "name": customer.name,
        "by": SUPPORTERS[1],
        "owner": customer.owner_id,
        "email": customer.owner_email,
        "owner_name": customer.owner_name,
    }
    await connection.execute(IDLE, values)


async def _register(tenants: Tenants, customer: Customer) -> Registered:
    wanted = Registration(
        slug=customer.slug,
        name=customer.name,
        owner_email=customer.owner_email,
        owner_name=customer.owner_name,
        plan=customer.plan,
    )
    return await tenants.register(SUPPORT, wanted)


def _schema(tenant_id: UUID) -> sql.Identifier:
    return sql.Identifier(f"tenant_{tenant_id.hex}")


def _leaving(story: Story) -> list[str]:
    """Some that have been there for a while."""
    active = [fate.customer.slug for fate in story.fates if fate.status is TenantStatus.ACTIVE]
    return active[20 : 20 + LEAVING]
