"""What staff can do about reconciliation as a whole: run it now, pause it, let it go on."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from operations import audit
from operations.access import Actor, Permission, acting, check, permit
from operations.actions.reasons import checked_reason
from operations.database import Database
from operations.errors import InvalidInput
from operations.reconciliation.passes import PassResult, Reconciler
from operations.statuses import PassTrigger

LONGEST_PAUSE = 24  # hours
TARGET = audit.Target(kind="reconciliation", id="reconciliation", label="Reconciliation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciliation:
    """Each deed leaves an audit entry."""

    database: Database
    reconciler: Reconciler

    async def run(self, actor: Actor, *, apply: bool = False, accept_namespace: bool = False) -> PassResult:
        """Compare now. `apply` also writes what the circuit breaker held back; `accept_namespace` takes the namespace
        that answers now for the right one.

        Raises `PassRunning` or `ReconciliationPaused`.
        """
        permit(actor, Permission.RECONCILE)
        async with self.database.reading() as connection:
            await check(connection, actor, Permission.RECONCILE)
        result = await self.reconciler.run_pass(
            PassTrigger.OPERATOR, actor.name, apply=apply, accept_namespace=accept_namespace
        )
        async with self.database.transaction() as connection:
            await audit.record(
                connection,
                actor,
                "reconciliation.run",
                audit.Outcome.APPLIED,
                TARGET,
                before={"apply": apply, "accept_namespace": accept_namespace},
                after={"pass": str(result.id), "outcome": result.outcome.value, "healed": result.healed},
            )
        return result

    async def pause(self, actor: Actor, hours: float, reason: str) -> None:
        """Stop every pass, by whomever, for at most a day."""
        permit(actor, Permission.RECONCILE)
        why = checked_reason(reason)
        if not 0 < hours <= LONGEST_PAUSE:
            raise InvalidInput({"hours": f"A pause must last more than 0 and at most {LONGEST_PAUSE} hours."})
        length = max(timedelta(hours=hours), timedelta.resolution)
        async with acting(self.database, actor, Permission.RECONCILE) as connection:
            await connection.execute(PAUSE, {"length": length, "by": actor.name, "why": why})
            await audit.record(
                connection,
                actor,
                "reconciliation.pause",
                audit.Outcome.APPLIED,
                TARGET,
                reason=why,
                after={"hours": hours},
            )

    async def resume(self, actor: Actor) -> None:
        """End a pause."""
        async with acting(self.database, actor, Permission.RECONCILE) as connection:
            await connection.execute(RESUME)
            await audit.record(connection, actor, "reconciliation.resume", audit.Outcome.APPLIED, TARGET)


PAUSE = text(
    """
    UPDATE reconciliation_state
    SET paused_until = clock_timestamp() + :length, paused_by = :by, pause_reason = :why
    """
)
RESUME = text("UPDATE reconciliation_state SET paused_until = NULL, paused_by = NULL, pause_reason = NULL")
