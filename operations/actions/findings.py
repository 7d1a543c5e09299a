"""What staff can do about a finding: adopt or terminate a run without a row, provision a tenant again, let it be."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import audit, phrases
from operations.access import Actor, Permission, acting
from operations.actions import adoptions, consents, customers, starts
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.errors import CannotSettle, FindingNotFound, FindingSettled, OperationsError
from operations.kinds import Kind, Purpose
from operations.models import ReconciliationFinding
from operations.settings import FourEyes
from operations.statuses import FindingKind
from operations.temporal import Temporal
from operations.tenant_rules import provision_problem


class Remedy(StrEnum):
    """What can be done about a finding."""

    ADOPT = "adopt"  #: make the row that the run lacks
    TERMINATE = "terminate"  #: end the run by force
    PROVISION = "provision"  #: start a new attempt for the tenant
    IGNORE = "ignore"  #: let it be; it counts no more


NEEDS = {
    Remedy.ADOPT: Permission.RECONCILE,
    Remedy.TERMINATE: Permission.TERMINATE,
    Remedy.PROVISION: Permission.RECONCILE,
    Remedy.IGNORE: Permission.RECONCILE,
}
MORE = {
    FindingKind.NO_ROW: (Remedy.ADOPT, Remedy.TERMINATE),
    FindingKind.OVERLAPPING: (Remedy.TERMINATE,),
    FindingKind.INTRUDER: (Remedy.TERMINATE,),
    FindingKind.TENANT_WITHOUT_EXECUTION: (Remedy.PROVISION,),
    FindingKind.TENANT_NOT_ACTIVE: (Remedy.PROVISION,),
}


def remedies(kind: FindingKind, run_id: str | None) -> tuple[Remedy, ...]:
    """What can be done about an open finding of this kind; without a run there is nothing to terminate."""
    more = MORE.get(kind, ())
    return (*(each for each in more if run_id is not None or each is not Remedy.TERMINATE), Remedy.IGNORE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A finding whose row this transaction holds."""

    id: UUID
    kind: FindingKind
    workflow_id: str
    run_id: str | None
    execution_id: UUID | None
    tenant_id: UUID | None

    @property
    def target(self) -> audit.Target:
        return audit.Target(kind="finding", id=str(self.id), label=self.workflow_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Each deed settles the finding and leaves an audit entry, in one transaction."""

    database: Database
    temporal: Temporal
    task_queue: str
    wake: Callable[[], None]
    provisioning: Kind
    deprovision_wait: float = 604_800  #: seconds in which a removal can be cancelled
    four_eyes: frozenset[FourEyes] = frozenset()

    async def ignore(self, actor: Actor, id_: UUID, reason: str) -> None:
        """It stands, and counts no more; it comes back when another run is concerned."""
        why = checked_reason(reason)
        async with self._settling(actor, id_, Remedy.IGNORE) as (connection, finding):
            await connection.execute(
                update(ReconciliationFinding)
                .where(ReconciliationFinding.id == id_)
                .values(ignored_at=func.clock_timestamp(), ignored_by=actor.name, reason=why)
            )
            await _audit(connection, actor, Remedy.IGNORE, finding, why)

    async def adopt(self, actor: Actor, id_: UUID, reason: str) -> UUID:
        """Make the row of a run that carries an execution's id but lost its row; returns that id."""
        why = checked_reason(reason)
        async with self._settling(actor, id_, Remedy.ADOPT) as (_, finding):
            pass
        found = await adoptions.look(self.temporal, finding.workflow_id, finding.run_id)
        try:
            async with self._settling(actor, id_, Remedy.ADOPT) as (connection, finding):
                await adoptions.adopt(connection, actor, found, why, waiting=self.deprovision_wait)
                if found.kind.purpose is Purpose.REMOVE and FourEyes.DEPROVISION in self.four_eyes:
                    await consents.ask(connection, found.execution_id)
                await _settle(
                    connection,
                    actor,
                    finding,
                    f"Adopted: the run {found.run.run_id} is shown as an execution again.",
                    why,
                )
                await _audit(connection, actor, Remedy.ADOPT, finding, why)
        except IntegrityError:
            raise CannotSettle(
                "There is an execution for this run already, or another open one for its tenant; nothing was changed."
            ) from None
        return found.execution_id

    async def terminate(self, actor: Actor, id_: UUID, reason: str) -> None:
        """End exactly the run that was found, by force; asked of Temporal at once, as there is no row to go by."""
        why = checked_reason(reason)
        async with self._settling(actor, id_, Remedy.TERMINATE) as (connection, finding):
            open_ = await connection.scalar(OPEN_ROW, {"workflow": finding.workflow_id})
            if open_ is not None or finding.run_id is None:
                raise CannotSettle(
                    "The run has an open execution by now; nothing was changed. Terminate that execution instead."
                )
            await _audit(connection, actor, Remedy.TERMINATE, finding, why, outcome=audit.Outcome.REQUESTED)
        outcome, done = audit.Outcome.DELIVERED, "Terminated."
        try:
            said = phrases.reason_with_name(why, actor.name)
            if not await self.temporal.terminate(finding.workflow_id, finding.run_id, reason=said):
                raise CannotSettle(
                    "The run had ended before it could be terminated. What the next pass still finds can be ignored."
                )
        except OperationsError as error:
            outcome, done = audit.Outcome.FAILED, error.message
            raise
        finally:
            async with self.database.transaction() as connection:
                if outcome is audit.Outcome.DELIVERED:
                    await _settle(connection, actor, finding, done, why)
                await _audit(connection, actor, Remedy.TERMINATE, finding, why, outcome=outcome)

    async def provision(self, actor: Actor, id_: UUID, reason: str) -> UUID:
        """Start a new attempt for a tenant that nothing provisions; returns the execution."""
        why = checked_reason(reason)
        try:
            async with self._settling(actor, id_, Remedy.PROVISION) as (connection, finding):
                attempt = await self._attempt(connection, actor, finding, why)
                new = await starts.write(connection, attempt)
                await _settle(connection, actor, finding, f"Attempt {attempt.number} was started.", why)
                await _audit(connection, actor, Remedy.PROVISION, finding, why)
        except IntegrityError:
            raise CannotSettle("An attempt for this tenant is open by now; nothing was changed.") from None
        self.wake()
        return new

    @asynccontextmanager
    async def _settling(self, actor: Actor, id_: UUID, remedy: Remedy) -> AsyncIterator[tuple[AsyncConnection, Held]]:
        """Raises `NotPermitted`, `FindingNotFound`, `FindingSettled` or `CannotSettle`."""
        async with acting(self.database, actor, NEEDS[remedy]) as connection:
            row = (await connection.execute(HOLD, {"id": id_})).one_or_none()
            if row is None:
                raise FindingNotFound
            if row.resolved_at is not None:
                raise FindingSettled
            finding = Held(
                id=row.id,
                kind=FindingKind(row.kind),
                workflow_id=row.workflow_id,
                run_id=row.run_id,
                execution_id=row.execution_id,
                tenant_id=row.tenant_id,
            )
            if remedy not in remedies(finding.kind, finding.run_id):
                raise CannotSettle
            yield connection, finding

    async def _attempt(self, connection: AsyncConnection, actor: Actor, finding: Held, why: str) -> starts.Attempt:
        tenant = await customers.hold(connection, finding.tenant_id)
        problem = provision_problem(None if tenant is None else tenant.status)
        if tenant is None or problem:
            raise CannotSettle(f"{problem} Nothing was changed.")
        kind = self.provisioning
        number = await starts.next_number(connection, tenant.id, kind)
        stray = await connection.scalar(STRAY, {"workflow": kind.attempt_id(tenant.slug, number)})
        if stray is not None:
            raise CannotSettle(
                "An untracked run of this tenant is open; nothing was changed. Adopt or terminate that run first."
            )
        return starts.Attempt(
            kind=kind,
            tenant_id=tenant.id,
            slug=tenant.slug,
            plan=tenant.plan,
            arguments=tenant.provisioning_arguments,
            task_queue=self.task_queue,
            requested_by=actor.name,
            why=why,
            number=number,
            retry_of=finding.execution_id,
        )


async def _settle(connection: AsyncConnection, actor: Actor, finding: Held, done: str, why: str) -> None:
    await connection.execute(
        update(ReconciliationFinding)
        .where(ReconciliationFinding.id == finding.id)
        .values(resolved_at=func.clock_timestamp(), resolved_by=actor.name, done=done, reason=why)
    )


async def _audit(
    connection: AsyncConnection,
    actor: Actor,
    remedy: Remedy,
    finding: Held,
    why: str,
    *,
    outcome: audit.Outcome = audit.Outcome.APPLIED,
) -> None:
    after: dict[str, object] = {"kind": finding.kind.value, "run_id": finding.run_id}
    await audit.record(connection, actor, f"finding.{remedy}", outcome, finding.target, reason=why, after=after)


HOLD = text(
    """
    SELECT id, kind, workflow_id, run_id, execution_id, tenant_id, resolved_at
    FROM reconciliation_findings WHERE id = :id FOR UPDATE
    """
)
OPEN_ROW = text("SELECT 1 FROM workflow_executions WHERE workflow_id = :workflow AND status IN ('pending', 'running')")
STRAY = text(
    """
    SELECT 1 FROM reconciliation_findings
    WHERE kind = 'no_row' AND workflow_id = :workflow AND resolved_at IS NULL
    """
)
