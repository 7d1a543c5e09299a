"""Registers a tenant with owner, execution and start in one transaction; begins removals and other work for one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, kinds
from operations.access import Actor, Permission, acting, permit
from operations.actions import consents, customers, starts
from operations.actions.reasons import checked_reason
from operations.actions.registration import Registration, slug_problem
from operations.database import Database
from operations.errors import AlreadyTaken, CannotDeprovision, CannotStart, InvalidInput, KeyReused, TenantNotFound
from operations.kinds import Kind, Purpose
from operations.models import Execution, Tenant
from operations.settings import FourEyes
from operations.statuses import TenantStatus
from operations.tenant_rules import deprovision_problem, start_problem

LONGEST_KEY = 200  # characters
KEY_RULE = f"The idempotency key must have 1 to {LONGEST_KEY} printable characters."


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """What a registration made, or found made by the same request before."""

    tenant_id: UUID
    execution_id: UUID
    slug: str
    repeated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenants:
    """Actions on customers."""

    database: Database
    task_queue: str
    wake: Callable[[], None]
    provisioning: Kind  #: what registrations start
    removing: Kind
    deprovision_wait: float = 604_800  #: seconds in which a removal can be cancelled
    four_eyes: frozenset[FourEyes] = frozenset()

    async def register(self, actor: Actor, registration: Registration, *, key: str | None = None) -> Registered:
        """Write tenant, owner, execution and start command in one transaction; Temporal is not on the way.

        `key` makes the request repeatable: the same actor, key and content find what the first call made.
        Raises `NotPermitted`, `InvalidInput`, `AlreadyTaken` (naming the field) or `KeyReused`; then nothing
        is written and no workflow will start.
        """
        permit(actor, Permission.REGISTER_TENANT)
        if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
            raise InvalidInput({"idempotency_key": KEY_RULE})
        checked = registration.checked()
        if key is not None and (earlier := await self._earlier(actor, key, checked)):
            return earlier
        try:
            async with acting(self.database, actor, Permission.REGISTER_TENANT) as connection:
                registered = await self._write(connection, actor, checked, key)
        except IntegrityError as error:
            if key is not None and (earlier := await self._earlier(actor, key, checked)):
                return earlier
            raise _conflict(error, checked) from error
        self.wake()
        return registered

    async def deprovision(self, actor: Actor, slug: str, reason: str) -> UUID:
        """Begin to remove a tenant and return the execution: it waits, can be cancelled meanwhile, then drops.

        Raises `TenantNotFound` or `CannotDeprovision`.
        """
        permit(actor, Permission.DEPROVISION)
        why = checked_reason(reason)
        if slug_problem(slug):
            raise TenantNotFound
        try:
            async with acting(self.database, actor, Permission.DEPROVISION) as connection:
                execution_id = await self._write_deprovisioning(connection, actor, slug, why)
        except IntegrityError as error:
            raise CannotDeprovision(starts.conflict(error)) from None
        self.wake()
        return execution_id

    async def start(self, actor: Actor, slug: str, stored_name: str, reason: str) -> UUID:
        """Begin a run that neither makes nor removes an active tenant, and return the execution.

        Raises `TenantNotFound` or `CannotStart`.
        """
        permit(actor, Permission.START)
        why = checked_reason(reason)
        if slug_problem(slug):
            raise TenantNotFound
        kind = kinds.known().get(stored_name)
        if kind is None or kind.purpose is not Purpose.WORK:
            choices = ", ".join(kinds.known().stored_names(Purpose.WORK)) or "there are none here"
            raise CannotStart(f"No kind of run that can be started has this name. Those that can: {choices}.")
        try:
            async with acting(self.database, actor, Permission.START) as connection:
                execution_id = await self._write_work(connection, actor, slug, kind, why)
        except IntegrityError as error:
            raise CannotStart(starts.conflict(error)) from None
        self.wake()
        return execution_id

    async def _write_work(self, connection: AsyncConnection, actor: Actor, slug: str, kind: Kind, why: str) -> UUID:
        tenant = await customers.hold(connection, await connection.scalar(select(Tenant.id).where(Tenant.slug == slug)))
        if tenant is None:
            raise TenantNotFound
        if problem := start_problem(tenant.status):
            raise CannotStart(f"{problem} Nothing was changed.")
        attempt = starts.Attempt(
            kind=kind,
            tenant_id=tenant.id,
            slug=slug,
            plan=tenant.plan,
            arguments=tenant.work_arguments,
            task_queue=self.task_queue,
            requested_by=actor.name,
            why=why,
            number=await starts.next_number(connection, tenant.id, kind),
        )
        execution_id = await starts.write(connection, attempt)
        await audit.record(
            connection,
            actor,
            "tenant.start",
            audit.Outcome.APPLIED,
            audit.Target(kind="tenant", id=str(tenant.id), label=slug),
            reason=why,
            after={"execution_id": str(execution_id), "workflow_type": kind.stored_name},
        )
        return execution_id

    async def _write_deprovisioning(self, connection: AsyncConnection, actor: Actor, slug: str, why: str) -> UUID:
        statement = select(Tenant.id, Tenant.plan, Tenant.status).where(Tenant.slug == slug).with_for_update()
        tenant = (await connection.execute(statement)).one_or_none()
        if tenant is None:
            raise TenantNotFound
        if problem := deprovision_problem(tenant.status):
            raise CannotDeprovision(f"{problem} Nothing was changed.")
        await connection.execute(
            update(Tenant)
            .where(Tenant.id == tenant.id)
            .values(
                status=TenantStatus.DEPROVISIONING,
                due_at=func.clock_timestamp() + timedelta(seconds=self.deprovision_wait),
                updated_at=func.clock_timestamp(),
            )
        )
        kind = self.removing
        attempt = starts.Attempt(
            kind=kind,
            tenant_id=tenant.id,
            slug=slug,
            plan=tenant.plan,
            arguments=(str(tenant.id), tenant.status.value, self.deprovision_wait),
            task_queue=self.task_queue,
            requested_by=actor.name,
            why=why,
            number=await starts.next_number(connection, tenant.id, kind),
        )
        execution_id = await starts.write(connection, attempt)
        if FourEyes.DEPROVISION in self.four_eyes:
            await consents.ask(connection, execution_id)
        target = audit.Target(kind="tenant", id=str(tenant.id), label=slug)
        await audit.record(
            connection,
            actor,
            "tenant.deprovision",
            audit.Outcome.APPLIED,
            target,
            reason=why,
            before={"status": tenant.status},
            after={"execution_id": str(execution_id)},
        )
        return execution_id

    async def _earlier(self, actor: Actor, key: str, registration: Registration) -> Registered | None:
        """What the same actor registered with this key; raises `KeyReused` when it was something else."""
        statement = (
            select(Tenant.id, Tenant.slug, Tenant.request_digest, Execution.id.label("execution_id"))
            .join(Execution, (Execution.entity_id == Tenant.id) & (Execution.attempt == 1))
            .where(Tenant.registered_by == actor.name, Tenant.request_key == key)
            .where(Execution.workflow_type.in_(kinds.known().stored_names(Purpose.PROVISION)))
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        if row.request_digest != registration.digest():
            raise KeyReused
        return Registered(tenant_id=row.id, execution_id=row.execution_id, slug=row.slug, repeated=True)

    async def _write(
        self, connection: AsyncConnection, actor: Actor, registration: Registration, key: str | None
    ) -> Registered:
        tenant_id, user_id = uuid4(), uuid4()
        await connection.execute(
            CUSTOMER,
            {
                "tenant": tenant_id,
                "slug": registration.slug,
                "name": registration.name,
                "plan": registration.plan,
                "by": actor.name,
                "key": key,
                "digest": None if key is None else registration.digest(),
                "owner": user_id,
                "email": registration.owner_email,
                "owner_name": registration.owner_name,
            },
        )
        execution_id = await starts.write(
            connection,
            starts.Attempt(
                kind=self.provisioning,
                tenant_id=tenant_id,
                slug=registration.slug,
                plan=registration.plan,
                arguments=(str(tenant_id), str(user_id)),
                task_queue=self.task_queue,
                requested_by=actor.name,
                why="registered",
            ),
        )
        await audit.record(
            connection,
            actor,
            "tenant.register",
            audit.Outcome.APPLIED,
            audit.Target(kind="tenant", id=str(tenant_id), label=registration.slug),
            after={"name": registration.name, "plan": registration.plan, "owner_email": registration.owner_email},
        )
        return Registered(tenant_id=tenant_id, execution_id=execution_id, slug=registration.slug, repeated=False)


# The customer, its owner, and that they belong together, in one round trip. Each feeds on the one before, so that of
# two things in use the slug is named.
CUSTOMER = text(
    """
    WITH tenant AS (
        INSERT INTO tenants (id, slug, name, plan, registered_by, request_key, request_digest)
        VALUES (:tenant, :slug, :name, :plan, :by, :key, :digest)
        RETURNING id
    ), owner AS (
        INSERT INTO users (id, email, name) SELECT :owner, :email, :owner_name FROM tenant
        RETURNING id
    )
    INSERT INTO memberships (tenant_id, user_id, role) SELECT tenant.id, owner.id, 'owner' FROM tenant, owner
    """
)


def _conflict(error: IntegrityError, registration: Registration) -> Exception:
    """Name the field by the constraint, never by words of the message: a slug may read `users-inc`."""
    constraint = error.orig.diag.constraint_name if isinstance(error.orig, UniqueViolation) else None
    match constraint:
        case "uq_tenants_slug" | "uq_workflow_executions_workflow_id":
            return AlreadyTaken("slug", f"The slug {registration.slug} is in use or was used before; slugs are unique.")
        case "uq_users_email":
            return AlreadyTaken("owner_email", f"{registration.owner_email} already owns another tenant.")
        case _:
            return error
