"""The writing half of a pass: each row in a transaction of its own, fenced, and only while it is as it was read."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from operations import kinds, phrases, tracking
from operations.database import Database
from operations.error_texts import clean
from operations.kinds import Kind, Purpose
from operations.models import Execution, Tenant
from operations.outbox import commands
from operations.reconciliation import findings
from operations.reconciliation.decisions import Action, Decision
from operations.reconciliation.findings import ACTOR, Finding
from operations.reconciliation.judgements import Judged
from operations.reconciliation.lease import Lease
from operations.reconciliation.observations import Closing, Observer
from operations.reconciliation.rows import IdleTenant
from operations.statuses import CloseReason, FindingKind, Status, TenantStatus
from operations.temporal import Run, RunStatus
from operations.transitions import Correction

GONE = "Temporal does not know the run any more: it was deleted, or is older than what Temporal keeps."
WOULD = "Nothing: too many executions would have changed at once. An operator can apply it."


@dataclass(frozen=True, kw_only=True, slots=True)
class Healer:
    """Writes what one pass decided."""

    database: Database
    observer: Observer
    lease: Lease
    pass_id: UUID
    provisioning: Kind  #: of the run that a tenant without one misses

    async def heal(self, judged: Judged) -> bool:
        """Carry out a decision together with its finding; False when the row has moved on, or nothing was to change.

        Raises `LeaseLost`, `DatabaseUnavailable` or `TemporalUnavailable`.
        """
        closing = await self._closing(judged)
        try:
            async with self.database.transaction() as connection:
                await self.lease.fence(connection)
                return await self._carry_out(connection, judged, closing)
        except IntegrityError:  # another attempt was opened meanwhile
            return False

    async def report(self, connection: AsyncConnection, judged: Judged, done: str | None = None) -> None:
        """Only show it."""
        await findings.write(connection, self.pass_id, _finding(judged, None, done=done))

    async def report_stray(self, connection: AsyncConnection, run: Run) -> None:
        """An open run of ours that no row belongs to."""
        finding = Finding(
            kind=FindingKind.NO_ROW,
            workflow_id=run.workflow_id,
            tenant_id=await connection.scalar(
                select(Tenant.id).where(Tenant.slug == clean(kinds.known().slug_in(run.workflow_id)))
            ),
            run_id=run.run_id,
            database_said={},
            temporal_said=findings.run_said(run),
        )
        await findings.write(connection, self.pass_id, finding)

    async def report_idle(self, connection: AsyncConnection, tenant: IdleTenant) -> None:
        """A tenant that waits for something that does not run."""
        kind = FindingKind.TENANT_WITHOUT_EXECUTION
        if tenant.status is Status.COMPLETED:
            leaves = tenant.tenant.leaves
            kind = FindingKind.TENANT_NOT_DELETED if leaves else FindingKind.TENANT_NOT_ACTIVE
        finding = Finding(
            kind=kind,
            workflow_id=tenant.workflow_id or self.provisioning.attempt_id(tenant.slug, 1),
            execution_id=tenant.execution_id,
            tenant_id=tenant.id,
            database_said={
                "tenant": tenant.tenant,
                "status": tenant.status,
                "close_reason": tenant.close_reason,
            },
            temporal_said={},
        )
        await findings.write(connection, self.pass_id, finding)

    async def _closing(self, judged: Judged) -> Closing | None:
        """What the history says, asked only where it is written."""
        run, decision = judged.run, judged.decision
        if run is None or decision.to is not Status.FAILED:
            return None
        return await self.observer.closing(run)

    async def _carry_out(self, connection: AsyncConnection, judged: Judged, closing: Closing | None) -> bool:
        row, run = judged.row, judged.run
        match judged.decision.action:
            case Action.LEAVE | Action.VERIFY:
                return False
            case Action.REPORT:
                await self.report(connection, judged)
                return False
            case Action.START:
                why = "Nobody was starting the run, and Temporal does not know it."
                await commands.queue_start_again(connection, row.id, ACTOR, why)
                done = "The start was queued again."
            case Action.FOLLOW:
                if run is None or not await _follow(connection, row.id, old=row.run_id, new=run.run_id):
                    return False
                done = "The execution follows the run that goes on."
            case Action.CORRECT:
                correction = _correction(judged, closing)
                if not await tracking.correct(connection, correction):
                    return False
                done = f"{row.status} → {correction.to}{_suffix(correction.close_reason)}"
                await self._report_active_tenant(connection, judged, correction)
            case never:
                assert_never(never)
        await findings.write(connection, self.pass_id, _finding(judged, closing, done=done, is_settled=True))
        return True

    async def _report_active_tenant(self, connection: AsyncConnection, judged: Judged, made: Correction) -> None:
        """A provisioning that ended badly leaves an active tenant active; a person should know."""
        if made.to is not Status.FAILED or kinds.known().purpose(judged.row.workflow_type) is not Purpose.PROVISION:
            return
        status = await connection.scalar(select(Tenant.status).where(Tenant.id == judged.row.entity_id))
        if status is TenantStatus.ACTIVE:
            finding = Finding(
                kind=FindingKind.TENANT_ACTIVE,
                workflow_id=judged.row.workflow_id,
                execution_id=judged.row.id,
                tenant_id=judged.row.entity_id,
                run_id=made.run_id,
                database_said={"tenant": status},
                temporal_said=findings.run_said(judged.run),
            )
            await findings.write(connection, self.pass_id, finding)


def _correction(judged: Judged, closing: Closing | None) -> Correction:
    row, run, decision = judged.row, judged.run, judged.decision
    return Correction(
        execution_id=row.id,
        from_status=row.status,
        from_run_id=row.run_id,
        to=decision.to or row.status,
        run_id=row.run_id if run is None else run.run_id,
        actor=ACTOR,
        reason=_why(run),
        close_reason=_close_reason(decision, closing),
        error=_error(run, decision, closing),
        started_at=None if run is None else run.started_at,
        closed_at=None if run is None else run.closed_at,
    )


def _why(run: Run | None) -> str:
    return "Temporal does not know the run." if run is None else f"Temporal says {phrases.spelled(run.status)}."


def _close_reason(decision: Decision, closing: Closing | None) -> CloseReason | None:
    rejected = closing is not None and closing.is_rejection
    return CloseReason.REJECTED if rejected else decision.close_reason


def _error(run: Run | None, decision: Decision, closing: Closing | None) -> str | None:
    if decision.to is not Status.FAILED:
        return None
    if run is None:
        return GONE
    return (closing.error if closing is not None else None) or _PLAIN.get(run.status)


#: For a history that tells no more.
_PLAIN = {
    RunStatus.TERMINATED: "Terminated.",
    RunStatus.CANCELED: "Cancelled.",
    RunStatus.TIMED_OUT: "Timed out.",
    RunStatus.FAILED: "The run failed.",
}


async def _follow(connection: AsyncConnection, execution_id: UUID, *, old: str | None, new: str) -> bool:
    """Note that another run goes on under the id of an open execution; False when the row had moved on."""
    followed = await connection.execute(
        update(Execution)
        .where(
            Execution.id == execution_id,
            Execution.status == Status.RUNNING,
            Execution.run_id.is_not_distinct_from(old),
        )
        .values(run_id=new)
    )
    if followed.rowcount != 1:
        return False
    await connection.execute(_FOLLOWED, {"id": execution_id, "actor": ACTOR, "old": old, "new": new})
    return True


_FOLLOWED = text(
    """
    INSERT INTO execution_events (execution_id, kind, actor, reason, detail)
    VALUES (:id, 'followed', :actor, 'Another run goes on under the same id: a reset, or continued as new.',
            jsonb_strip_nulls(jsonb_build_object('run_id', CAST(:new AS text), 'before', CAST(:old AS text))))
    """
)


def _suffix(reason: CloseReason | None) -> str:
    return "" if reason is None else f" ({phrases.spelled(reason)})"


def _finding(judged: Judged, closing: Closing | None, *, done: str | None, is_settled: bool = False) -> Finding:
    row, run, kind = judged.row, judged.run, judged.decision.kind
    if kind is None:
        raise LookupError(judged.decision.action)
    return Finding(
        kind=kind,
        workflow_id=row.workflow_id,
        execution_id=row.id,
        tenant_id=row.entity_id,
        run_id=row.run_id if run is None else run.run_id,
        database_said=findings.row_said(row),
        temporal_said=findings.run_said(run, closing),
        done=done,
        is_settled=is_settled,
    )
