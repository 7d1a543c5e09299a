"""How each command (start, terminate, cancel, retry step, decide) reaches Temporal, and what its answer means.

A time-out is not a no: every delivery may have taken effect although its answer was lost, so each asks what is
before it concludes what is not.
"""

from dataclasses import dataclass, replace

from operations import contracts, kinds, phrases
from operations.database import Database
from operations.errors import TemporalRefused
from operations.fleet import Fleet
from operations.outbox import commands
from operations.outbox.claims import Claim
from operations.outbox.settlements import Settlement
from operations.statuses import CloseReason, CommandKind, CommandState, Status
from operations.temporal import AlreadyStarted, Run, RunStatus, Start, Temporal
from operations.transitions import Transition

FORCED = (CommandKind.TERMINATE, CommandKind.REPLACE)


class NotYet(Exception):
    """The command has to wait for something else; it is tried again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One claimed command and what is needed to deliver it."""

    claim: Claim
    database: Database
    temporal: Temporal
    fleet: Fleet
    by: str

    def settlement(self, state: CommandState, error: str | None = None, move: Transition | None = None) -> Settlement:
        return Settlement(claim=self.claim, state=state, error=error, move=move)

    def ended(self, reason: CloseReason, error: str, run: Run | None = None) -> Transition:
        return Transition(
            execution_id=self.claim.execution_id,
            to=Status.FAILED,
            close_reason=reason,
            actor=self.claim.requested_by,
            reason=self.claim.reason,
            error=error,
            run_id=None if run is None else run.run_id,
            at=None if run is None else run.closed_at,
            verified=run is not None,
        )


async def start(delivery: Delivery) -> Settlement:
    """Start the run, at most once per execution, whatever answers were lost before."""
    claim = delivery.claim
    if claim.run_id is not None:  # an earlier try took effect, its answer was lost, and the worker has reported it
        return delivery.settlement(CommandState.DELIVERED)
    if claim.is_withdrawn or claim.status is not Status.PENDING:
        return delivery.settlement(CommandState.FAILED, "The execution was ended before its start.")
    kind = kinds.known().get(claim.workflow_type)
    if kind is None:
        return refuse(delivery, f"This version knows no workflow of the type “{claim.workflow_type}”.")
    if claim.predecessor is not None:
        await _check_predecessor(delivery, claim.predecessor)
    wanted = Start(
        workflow_id=claim.workflow_id,
        temporal_name=kind.temporal_name,
        task_queue=claim.task_queue,
        execution_id=claim.execution_id,
        arguments=claim.arguments,
        is_begun_by_others=await delivery.fleet.all_know(claim.task_queue, contracts.TRACKING_2),
    )
    try:
        run_id = await delivery.temporal.start(wanted)
    except AlreadyStarted:
        return await _adopt(delivery)
    return delivery.settlement(CommandState.DELIVERED, move=_accepted(delivery, run_id))


async def _check_predecessor(delivery: Delivery, workflow_id: str) -> None:
    """A new attempt begins only when the one before has certainly ended, and has not ended well."""
    run = await delivery.temporal.describe(workflow_id)
    if run is not None and run.execution_id != str(delivery.claim.retry_of):
        return  # a stranger's run under the id of an attempt that never started
    if run is not None and run.status.is_open:
        raise NotYet(f"The previous attempt {workflow_id} is still open in Temporal; it must end first.")
    if run is not None and run.status is RunStatus.COMPLETED:
        raise TemporalRefused(f"The previous attempt {workflow_id} completed after all; there is nothing to retry.")


async def _adopt(delivery: Delivery) -> Settlement:
    """A run exists under our id: ours (an answer was lost) or a stranger's (never touched)."""
    claim = delivery.claim
    run = await delivery.temporal.describe(claim.workflow_id)
    if run is None:
        raise NotYet("Temporal says that the run was started, and does not know it; Temporal is asked again.")
    if run.execution_id != str(claim.execution_id):
        return refuse(
            delivery,
            f"A run that Tenantry did not start has the workflow id {claim.workflow_id} (run {run.run_id}, "
            f"{contracts.OPERATION_UUID} {run.execution_id or 'none'}); it was left alone.",
        )
    return delivery.settlement(CommandState.DELIVERED, move=_accepted(delivery, run.run_id))


def _accepted(delivery: Delivery, run_id: str) -> Transition:
    """Temporal has the run. How a run that ended meanwhile ended, its own report and reconciliation tell."""
    return Transition(
        execution_id=delivery.claim.execution_id, to=Status.RUNNING, actor=f"system:{delivery.by}", run_id=run_id
    )


async def terminate(delivery: Delivery) -> Settlement:
    """End the run by force; of a run that a newer one replaced, nothing."""
    run = await _target(delivery)
    if isinstance(run, Settlement):
        return run
    claim = delivery.claim
    await delivery.temporal.terminate(
        claim.workflow_id, run.run_id, reason=phrases.reason_with_name(claim.reason, claim.requested_by)
    )
    ended = await delivery.temporal.describe(claim.workflow_id)
    if ended is None or ended.run_id != run.run_id or ended.status is not RunStatus.TERMINATED:
        return delivery.settlement(CommandState.FAILED, "The run ended by itself before it could be terminated.")
    return delivery.settlement(CommandState.DELIVERED, move=_ended_by(delivery, ended))


async def replace_run(delivery: Delivery) -> Settlement:
    """End a wedged run by force; only when that is certain, the settlement begins a new attempt."""
    claim = delivery.claim
    if claim.status.is_final and claim.tries > 1:  # an earlier try did it, and others were first to write so
        run = await delivery.temporal.describe(claim.workflow_id, claim.seen_run_id or "")
        if run is not None and _took_effect(claim, run):
            return replace(delivery.settlement(CommandState.DELIVERED), has_successor=True)
    settlement = await terminate(delivery)
    return replace(settlement, has_successor=settlement.state is CommandState.DELIVERED)


async def cancel(delivery: Delivery) -> Settlement:
    """Ask the run to end in order; its own report tells when it has. Temporal takes a cancel of a closed run, too."""
    run = await _target(delivery)
    if isinstance(run, Settlement):
        return run
    claim = delivery.claim
    is_taken = await delivery.temporal.cancel(
        claim.workflow_id, run.run_id, reason=phrases.reason_with_name(claim.reason, claim.requested_by)
    )
    asked = await delivery.temporal.describe(claim.workflow_id, run.run_id)
    if asked is not None and (asked.is_cancel_requested or (is_taken and asked.status.is_open)):
        return delivery.settlement(CommandState.DELIVERED)
    how = "and Temporal does not know it any more" if asked is None else f"as {phrases.spelled(asked.status)}"
    return delivery.settlement(CommandState.FAILED, f"The run ended by itself before it could be cancelled, {how}.")


async def decide(delivery: Delivery) -> Settlement:
    """Tell a waiting run that a decision was made; the run reads it from the database, so a repeat does no harm."""
    claim = delivery.claim
    run = await delivery.temporal.describe(claim.workflow_id)
    if run is None and claim.status is Status.PENDING:
        raise NotYet("The run has not started yet.")
    if run is not None and run.execution_id != str(claim.execution_id):
        run = None
    if run is not None and run.status.is_open:
        await delivery.temporal.signal(claim.workflow_id, run.run_id, contracts.DECIDED)
        return delivery.settlement(CommandState.DELIVERED)
    # An earlier try may have reached the run, and its answer been lost.
    signaled = delivery.temporal.was_signaled
    if run is not None and claim.tries > 1 and await signaled(claim.workflow_id, run.run_id, contracts.DECIDED):
        return delivery.settlement(CommandState.DELIVERED)
    return delivery.settlement(CommandState.FAILED, "The run had ended before the decision reached it.")


def refuse(delivery: Delivery, why: str) -> Settlement:
    """Temporal refused for good. For a start that is the end of the execution; for others, of the command alone."""
    move = delivery.ended(CloseReason.START_REJECTED, why) if delivery.claim.kind is CommandKind.START else None
    return delivery.settlement(CommandState.FAILED, why, move)


async def _target(delivery: Delivery) -> Run | Settlement:
    """The open run that a terminate or cancel is meant for; where there is none, how the command ends."""
    claim = delivery.claim
    if claim.status.is_final:
        return delivery.settlement(CommandState.FAILED, f"The execution had ended already ({claim.status}).")
    async with delivery.database.transaction() as connection:
        if not await commands.withdraw_start(connection, claim.execution_id, f"Withdrawn by {claim.requested_by}."):
            raise NotYet("The start is being delivered right now.")
    run = await delivery.temporal.describe(claim.workflow_id)
    if claim.status is Status.PENDING and (run is None or run.execution_id != str(claim.execution_id)):
        forced = claim.kind in FORCED
        how, reason = ("Terminated", CloseReason.TERMINATED) if forced else ("Cancelled", CloseReason.CANCELED)
        move = delivery.ended(reason, phrases.ended(f"{how} before it started", claim.requested_by, claim.reason))
        return delivery.settlement(CommandState.DELIVERED, move=move)
    if run is not None and _took_effect(claim, run):
        return delivery.settlement(CommandState.DELIVERED, move=_ended_by(delivery, run))
    problem = _problem(claim, run)
    if run is None or problem is not None:
        return delivery.settlement(CommandState.FAILED, problem)
    return run


def _took_effect(claim: Claim, run: Run) -> bool:
    """Whether an earlier try of this command did it, and only its answer was lost."""
    wanted = RunStatus.TERMINATED if claim.kind in FORCED else RunStatus.CANCELED
    is_ours = run.execution_id == str(claim.execution_id) and claim.seen_run_id in (None, run.run_id)
    return claim.tries > 1 and is_ours and run.status is wanted


def _ended_by(delivery: Delivery, run: Run) -> Transition:
    claim = delivery.claim
    if run.status is RunStatus.TERMINATED:
        return delivery.ended(
            CloseReason.TERMINATED, phrases.ended("Terminated", claim.requested_by, claim.reason), run
        )
    return delivery.ended(CloseReason.CANCELED, phrases.ended("Cancelled", claim.requested_by, claim.reason), run)


def _problem(claim: Claim, run: Run | None) -> str | None:
    if run is None:
        return "Temporal does not know the run; reconciliation decides what became of it."
    if run.execution_id != str(claim.execution_id):
        return f"The workflow under the id {claim.workflow_id} was not started by Tenantry; it was left alone."
    if claim.seen_run_id is not None and run.run_id != claim.seen_run_id:
        return f"The run was replaced by a newer one ({run.run_id}), which was left alone."
    if not run.status.is_open:
        return f"The run had ended already ({phrases.spelled(run.status)})."
    return None
