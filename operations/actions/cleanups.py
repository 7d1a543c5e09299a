"""Begins a run that takes away what a failed provisioning has left."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from operations import audit, tenant_kinds
from operations.access import Actor, acting, permit
from operations.actions import starts
from operations.actions.locked import check_run, ensure, lock
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.errors import CannotCleanUp
from operations.kinds import Deed
from operations.possibilities import OFFERED_TO


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleanups:
    """One per tenant at a time, and none beside what makes or removes it: they share a lane."""

    database: Database
    task_queue: str
    wake: Callable[[], None]

    async def clean_up(self, actor: Actor, id_: UUID, reason: str, *, seen_run_id: str | None = None) -> UUID:
        """The execution that cleans up after `id_`."""
        permit(actor, OFFERED_TO[Deed.CLEAN_UP])
        why = checked_reason(reason)
        try:
            async with acting(self.database, actor, OFFERED_TO[Deed.CLEAN_UP]) as connection:
                row = await lock(connection, id_, with_tenant=True)
                check_run(row, seen_run_id)
                await ensure(connection, actor, Deed.CLEAN_UP, row)
                kind = tenant_kinds.CLEANUP
                attempt = starts.Attempt(
                    kind=kind,
                    tenant_id=row.entity_id,
                    slug=row.slug,
                    plan=row.plan,
                    arguments=(str(row.entity_id),),
                    task_queue=self.task_queue,
                    requested_by=actor.name,
                    why=why,
                    number=await starts.next_number(connection, row.entity_id, kind),
                )
                new = await starts.write(connection, attempt)
                await audit.record(
                    connection,
                    actor,
                    "execution.clean_up",
                    audit.Outcome.APPLIED,
                    row.target,
                    reason=why,
                    after={"execution_id": str(new)},
                )
        except IntegrityError as error:
            raise CannotCleanUp(starts.conflict(error)) from None
        self.wake()
        return new
