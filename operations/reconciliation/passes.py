"""One pass: take the lease, look at the namespace, compare, and write what was decided, or why nothing was."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import text

from operations.database import Database
from operations.error_texts import clean
from operations.errors import DatabaseUnavailable, LeaseLost, PassRunning, TemporalUnavailable
from operations.kinds import Kind
from operations.logs import logger
from operations.reconciliation import findings, lease
from operations.reconciliation.comparison import Comparison
from operations.reconciliation.healing import Healer
from operations.reconciliation.judgements import Compared
from operations.reconciliation.lease import Lease
from operations.reconciliation.limits import Limits
from operations.reconciliation.observations import Observer
from operations.reconciliation.writing import Writing
from operations.statuses import FindingKind, PassOutcome, PassTrigger
from operations.temporal import Temporal

log = logger(__name__)

NOTHING_COMPARED = "Temporal did not answer; nothing was compared."
BUG = "Tenantry made a mistake, and the pass ended early; the next one compares again. The log tells more."
OTHER_NAMESPACE = (
    "Another namespace than before answers under this name; nothing was changed. If that is meant, accept it: "
    "`tenantry reconcile --accept-namespace`."
)


@dataclass(kw_only=True, slots=True)
class PassResult:
    """What a pass came to."""

    id: UUID
    outcome: PassOutcome = PassOutcome.FAILED
    checked: int = 0
    described: int = 0
    found: int = 0
    healed: int = 0
    unknown: int = 0
    error: str | None = None

    def count(self, compared: Compared) -> None:
        self.checked, self.described, self.found = compared.checked, compared.described, compared.found
        self.unknown = len(compared.unknown)


@dataclass(kw_only=True, slots=True)
class Reconciler:
    """One per process. Passes of several processes exclude each other by the lease, those of one by `_running`."""

    database: Database
    temporal: Temporal
    name: str
    task_queue: str
    wake: Callable[[], None]
    provisioning: Kind  #: of the run that a tenant without one misses
    limits: Limits = field(default_factory=Limits)
    _mark: str = field(default_factory=lambda: uuid4().hex[:8])
    _running: bool = False

    async def run_pass(
        self,
        trigger: PassTrigger,
        requested_by: str,
        *,
        apply: bool = False,
        accept_namespace: bool = False,
    ) -> PassResult:
        """Compare once. `apply` also writes what the circuit breaker would hold back.

        Raises `PassRunning`, `ReconciliationPaused`, `LeaseLost` or `DatabaseUnavailable`.
        """
        if self._running:
            raise PassRunning
        self._running = True
        try:
            holder = f"{self.name}#{self._mark}"
            async with lease.held(self.database, holder=holder, seconds=self.limits.lease) as taken:
                return await self._run(taken, trigger, requested_by, apply=apply, accept_namespace=accept_namespace)
        finally:
            self._running = False

    async def _run(
        self, taken: Lease, trigger: PassTrigger, requested_by: str, *, apply: bool, accept_namespace: bool
    ) -> PassResult:
        result = PassResult(id=uuid4())
        async with self.database.transaction() as connection:
            await connection.execute(BEGIN, {"id": result.id, "trigger": trigger.value, "by": requested_by})
        observer = Observer(temporal=self.temporal)
        try:
            namespace = await observer.namespace_id()
            if taken.namespace_id not in (None, namespace) and not accept_namespace:
                result.outcome, result.error = PassOutcome.NAMESPACE_CHANGED, OTHER_NAMESPACE
            else:
                await self._remember_namespace(taken, namespace, requested_by if accept_namespace else None)
                await self._compare_and_write(taken, observer, result, apply=apply)
        except TemporalUnavailable as error:
            result.outcome, result.error = PassOutcome.UNREACHABLE, f"{NOTHING_COMPARED}\n{error.message}"
        except (DatabaseUnavailable, LeaseLost):
            raise  # nothing can be written any more; whoever takes the lease next marks this pass as abandoned
        except Exception as error:
            result.error = clean(f"{BUG}\n{type(error).__name__}: {error}")
            await self._finish(taken, result)
            raise
        await self._finish(taken, result)
        return result

    async def _remember_namespace(self, taken: Lease, namespace: str, accepted_by: str | None) -> None:
        if taken.namespace_id == namespace:
            return
        async with self.database.transaction() as connection:
            await taken.fence(connection)
            await connection.execute(REMEMBER, {"namespace": namespace, "by": accepted_by})

    async def _compare_and_write(self, taken: Lease, observer: Observer, result: PassResult, *, apply: bool) -> None:
        comparison = Comparison(
            database=self.database,
            observer=observer,
            limits=self.limits,
            lease=taken,
            task_queue=self.task_queue,
            ignores_breaker=apply,
        )
        try:
            compared = await comparison.run(taken.resume_after)
        finally:
            result.count(comparison.compared)
        healer = Healer(
            database=self.database,
            observer=observer,
            lease=taken,
            pass_id=result.id,
            provisioning=self.provisioning,
        )
        writing = Writing(database=self.database, lease=taken, healer=healer, compared=compared)
        if compared.is_tripped:
            result.outcome = PassOutcome.TRIPPED
            share = f"{compared.changes:,} of {compared.checked:,} executions"
            result.error = f"{share} would have changed at once; nothing was changed."
            await writing.preview()
            return
        if any(each.decision.kind is FindingKind.GONE for each in compared.judged):
            await observer.namespace_id()  # "not found" counts only while the namespace answers
        try:
            await writing.write()
        finally:
            result.healed, result.unknown = writing.healed, len(compared.unknown)
            self.wake()
        await self._end_round(taken, compared)
        result.outcome = PassOutcome.PARTIAL if compared.is_cut else PassOutcome.COMPLETED

    async def _end_round(self, taken: Lease, compared: Compared) -> None:
        """Remember where to go on; after the last row, what was not seen in the whole round is no longer so."""
        async with self.database.transaction() as connection:
            await taken.fence(connection)
            began = taken.round_began_at if taken.resume_after is not None else None
            since = began or taken.taken_at
            if compared.is_cut:
                await connection.execute(REMEMBER_PLACE, {"after": compared.resume_after, "began": since})
                return
            await connection.execute(REMEMBER_PLACE, {"after": None, "began": None})
            if compared.found <= self.limits.most_findings:  # else some were seen and not written
                await findings.resolve_unseen(connection, since, compared.unknown)
            await connection.execute(DELETE_OLD_FINDINGS, {"kept": self.limits.retention})
            await connection.execute(DELETE_OLD_PASSES, {"kept": self.limits.retention})

    async def _finish(self, taken: Lease, result: PassResult) -> None:
        async with self.database.transaction() as connection:
            await taken.fence(connection)
            await connection.execute(
                FINISH,
                {
                    "id": result.id,
                    "outcome": result.outcome.value,
                    "checked": result.checked,
                    "described": result.described,
                    "found": result.found,
                    "healed": result.healed,
                    "unknown": result.unknown,
                    "error": result.error,
                },
            )
        said = log.info if result.outcome in (PassOutcome.COMPLETED, PassOutcome.PARTIAL) else log.error
        said(
            "reconciliation pass",
            outcome=result.outcome.value,
            checked=result.checked,
            found=result.found,
            healed=result.healed,
            unknown=result.unknown,
            why=result.error,
        )


BEGIN = text("INSERT INTO reconciliation_passes (id, trigger, requested_by) VALUES (:id, :trigger, :by)")
FINISH = text(
    """
    UPDATE reconciliation_passes SET
        finished_at = clock_timestamp(), outcome = :outcome, checked = :checked, described = :described,
        found = :found, healed = :healed, unknown = :unknown, error = :error
    WHERE id = :id
    """
)
REMEMBER = text(
    """
    UPDATE reconciliation_state SET namespace_id = :namespace,
        namespace_accepted_at = CASE WHEN CAST(:by AS text) IS NULL THEN namespace_accepted_at
                                     ELSE clock_timestamp() END,
        namespace_accepted_by = coalesce(:by, namespace_accepted_by)
    """
)
REMEMBER_PLACE = text("UPDATE reconciliation_state SET resume_after = :after, round_began_at = :began")
DELETE_OLD_FINDINGS = text(
    "DELETE FROM reconciliation_findings WHERE resolved_at < clock_timestamp() - CAST(:kept AS interval)"
)
DELETE_OLD_PASSES = text(
    """
    DELETE FROM reconciliation_passes p
    WHERE started_at < clock_timestamp() - CAST(:kept AS interval)
      AND NOT EXISTS (SELECT FROM reconciliation_findings f WHERE f.pass_id = p.id)
    """
)
