"""When retry, cancel, terminate and decide are possible, what each would do, and why not. Pure.

Pages, REST and command line ask before, and actions ask again under their locks.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from operations import errors, kinds
from operations.access import NEEDS, Actor, Permission
from operations.kinds import Deed, Purpose
from operations.phrases import REQUESTS, said, shown_status, spelled, told
from operations.statuses import CloseReason, CommandKind, RetryKind, Status, TenantStatus

#: What a role must allow for a deed to be offered at all; a deed may need more, and then says so.
OFFERED_TO = {
    Deed.APPROVE: Permission.DECIDE,
    Deed.REJECT: Permission.DECIDE,
    Deed.RETRY: Permission.RETRY,
    Deed.CANCEL: Permission.CANCEL,
    Deed.TERMINATE: Permission.TERMINATE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What decides, as one look saw it."""

    workflow_type: str
    status: Status
    attempt: int
    latest_attempt: int
    tenant: TenantStatus | None
    due_at: datetime | None = None  #: of a tenant that leaves: before that moment nothing of it is dropped
    awaits_decision: bool = False
    close_reason: CloseReason | None = None
    ending: str | None = None  #: how a failed one ended, as its row tells it
    decided: str | None = None  #: who decided what, in a sentence, where somebody did
    asked: frozenset[CommandKind] = frozenset()  #: what was asked for and has not reached Temporal

    @property
    def removes(self) -> bool:
        return kinds.known().purpose(self.workflow_type) is Purpose.REMOVE

    @property
    def makes(self) -> bool:
        return kinds.known().purpose(self.workflow_type) is Purpose.PROVISION

    @property
    def retry(self) -> RetryKind:
        """What Retry would be, where it is possible."""
        return RetryKind.ATTEMPT if self.status.is_final else RetryKind.NONE

    @property
    def can_be_kept(self) -> bool:
        """Whether cancelling keeps a tenant that would be deleted."""
        return self.removes and cancel_problem(self.workflow_type, self.tenant) is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Possibility:
    """One deed: what it would do, or `problem`, why it cannot be done; then it promises nothing."""

    permission: Permission
    effects: tuple[str, ...]
    problem: str | None
    not_undone: tuple[str, ...] = ()
    refusal: type[errors.OperationsError] = errors.OperationsError  #: what an action that meets the problem raises

    def ensure(self) -> None:
        """Raises the problem."""
        if self.problem is None:
            return
        is_over = self.refusal is errors.TooLateToCancel  # the run goes on changing things, and the problem says so
        raise self.refusal(self.problem if is_over else f"{self.problem} Nothing was changed.")


_FAILS = "The tenant becomes failed, unless it is active already."
_STAYS = "The tenant stays as it is."


def possibility(deed: Deed, facts: Facts, actor: Actor) -> Possibility:
    """What this deed would be for this actor now."""
    match deed:
        case Deed.APPROVE | Deed.REJECT:
            possible = _decision(facts, approves=deed is Deed.APPROVE)
        case Deed.RETRY:
            possible = _retry(facts)
        case Deed.CANCEL:
            possible = _cancel(facts)
        case Deed.TERMINATE:
            possible = _terminate(facts)
        case _:
            assert_never(deed)
    kind = kinds.known().get(facts.workflow_type)
    if kind is not None and deed not in kind.deeds:
        knows_not = f"{kind.title} is of a kind that knows no {deed}."
        possible = replace(possible, problem=knows_not, refusal=errors.NotOffered)
    if possible.problem is None and not actor.may(possible.permission):
        why = f"It takes the role {NEEDS[possible.permission]}; yours is {actor.role}."
        possible = replace(possible, problem=why, refusal=errors.NotPermitted)
    return possible if possible.problem is None else replace(possible, effects=(), not_undone=())


def _decision(facts: Facts, *, approves: bool) -> Possibility:
    undecided = "It does not wait for a decision."
    problem = None
    if facts.status.is_final:
        problem = _ended(facts)
    elif not facts.awaits_decision:
        problem = f"{facts.decided.rstrip('.')}. A decision is final." if facts.decided else undecided
    does = "The schema is made and the tenant switched on." if approves else "The run ends as rejected."
    return Possibility(
        permission=Permission.DECIDE,
        effects=(does, "The decision is kept with your name and your reason."),
        not_undone=("A decision is final.",),
        problem=problem,
        refusal=errors.NotWaiting,
    )


def _retry(facts: Facts) -> Possibility:
    begins = f"Starts attempt {facts.attempt + 1} from the beginning, once Temporal confirms that this one has ended."
    if not facts.removes:
        return Possibility(
            permission=Permission.RETRY,
            effects=(begins,),
            not_undone=("What steps of this attempt left behind is found and reused.",),
            problem=_retry_problem(facts),
            refusal=errors.CannotRetry,
        )
    return Possibility(
        permission=Permission.DEPROVISION,
        effects=(begins, _removal(facts)),
        not_undone=("What is deleted is gone for ever.",),
        problem=_retry_problem(facts),
        refusal=errors.CannotRetry,
    )


def _removal(facts: Facts) -> str:
    if facts.tenant is TenantStatus.DROPPING:
        return "It deletes the rest of the tenant, which cannot be kept any more."
    if facts.due_at is None:
        return "It deletes the tenant with all its data."
    return f"It deletes the tenant with all its data, not before {said(facts.due_at)}."


def _retry_problem(facts: Facts) -> str | None:
    is_unfinished = facts.removes and facts.tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING)
    if facts.status is Status.COMPLETED and not is_unfinished:  # a run can be told that a step is done which is not
        return "The execution completed; there is nothing to retry."
    if not facts.status.is_final:
        return "The execution is open. Its steps are tried again by themselves, without limit."
    if kinds.known().get(facts.workflow_type) is None:
        return "This version knows no workflow of this type."
    if facts.latest_attempt > facts.attempt:
        return f"There is a newer attempt (number {facts.latest_attempt}) already; retry that one."
    return retry_problem(facts.workflow_type, facts.tenant)


def _cancel(facts: Facts) -> Possibility:
    problem = _end_problem(facts, CommandKind.CANCEL) or cancel_problem(facts.workflow_type, facts.tenant)
    refusal = errors.AlreadyEnded if facts.status.is_final else errors.TooLateToCancel
    if facts.removes:
        return Possibility(
            permission=Permission.CANCEL,
            effects=("The tenant is kept: it gets its former status back, with all its data.",),
            not_undone=("If the deletion begins before the run hears of it, it is too late; the page then says so.",),
            problem=problem,
            refusal=refusal,
        )
    return Possibility(
        permission=Permission.CANCEL,
        effects=(
            f"{facts.status.capitalize()} → cancelled, as soon as the run has cleaned up after itself.",
            _FAILS if facts.makes else _STAYS,
        ),
        not_undone=("A cancelled run does not go on; retrying begins a new attempt.",),
        problem=problem,
        refusal=refusal,
    )


def _terminate(facts: Facts) -> Possibility:
    return Possibility(
        permission=Permission.TERMINATE,
        effects=(f"{facts.status.capitalize()} → terminated, at once.", _left_behind(facts)),
        not_undone=("Nothing is cleaned up: what the steps made stays. Prefer Cancel while the run responds.",),
        problem=_end_problem(facts, CommandKind.TERMINATE),
        refusal=errors.AlreadyEnded,
    )


def _left_behind(facts: Facts) -> str:
    """What becomes of the tenant of an open run that is ended by force."""
    if not facts.removes:
        return _FAILS if facts.makes else _STAYS
    if facts.tenant is TenantStatus.DROPPING:
        return "The tenant stays half deleted, which nobody can take back; Retry deletes the rest."
    if facts.tenant is TenantStatus.DELETED:
        return "The tenant is deleted already and stays so."
    if facts.status is Status.PENDING:
        return "The tenant gets its former status back, unless the run starts first; then it stays deprovisioning."
    return "The tenant stays deprovisioning, with all its data; Retry goes on with it, and deletes it when it is due."


def _end_problem(facts: Facts, kind: CommandKind) -> str | None:
    if facts.status.is_final:
        return _ended(facts)
    return f"{REQUESTS[kind]} was requested already; it is on its way to Temporal." if kind in facts.asked else None


def _ended(facts: Facts) -> str:
    if facts.ending and facts.close_reason is not None and facts.close_reason.is_by_somebody:
        return f"The run has ended. {told(facts.ending).sentence.rstrip('.')}."
    return f"The run has ended: {spelled(shown_status(facts.status, facts.close_reason))}."


def deprovision_problem(tenant: TenantStatus) -> str | None:
    """Why a tenant cannot be removed; None when it can."""
    if tenant in (TenantStatus.ACTIVE, TenantStatus.FAILED):
        return None
    if tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING):
        return "The tenant is being deprovisioned already."
    return f"The tenant is {tenant}; only an active or failed one can be deprovisioned."


def cancel_problem(workflow_type: str, tenant: TenantStatus | None) -> str | None:
    """Why an open execution cannot be cancelled; None when it can."""
    if kinds.known().purpose(workflow_type) is not Purpose.REMOVE or tenant is None or not tenant.is_gone:
        return None
    if tenant is TenantStatus.DROPPING:
        return "It is too late to cancel: part of the tenant's data is deleted already. The run deletes the rest."
    return "It is too late to cancel: the tenant is deleted. The run ends by itself."


def retry_problem(workflow_type: str, tenant: TenantStatus | None) -> str | None:
    """Why an execution that failed cannot be tried again; None when it can."""
    if tenant is None:
        return None
    match kinds.known().purpose(workflow_type):
        case Purpose.PROVISION:
            return _leaving_problem(tenant)
        case Purpose.WORK:
            return start_problem(tenant)
        case Purpose.REMOVE:
            if tenant is TenantStatus.DELETED:
                return "The tenant is deleted; there is nothing left to delete."
            return None if tenant.leaves else f"The tenant is {tenant} again; deprovision it once more if it has to go."


def _leaving_problem(tenant: TenantStatus) -> str | None:
    return f"The tenant is {tenant}; it is not provisioned again." if tenant.leaves else None


def start_problem(tenant: TenantStatus) -> str | None:
    """Why no work that is neither making nor removing can be begun for a tenant; None when it can."""
    return None if tenant is TenantStatus.ACTIVE else f"The tenant is {tenant}; it has to be active."


def provision_problem(tenant: TenantStatus | None) -> str | None:
    """Why nothing begins to provision a tenant that nothing provisions; None when something can."""
    return None if tenant is TenantStatus.PROVISIONING else "The tenant is not being provisioned any more."


def adoption_problem(purpose: Purpose, tenant: TenantStatus) -> str | None:
    """Why a run that lost its row, or that somebody else started, gets none; None when it can have one."""
    match purpose:
        case Purpose.PROVISION:
            return _leaving_problem(tenant)
        case Purpose.WORK:
            return start_problem(tenant)
        case Purpose.REMOVE:  # nobody's data goes because of a run: removing was decided here, or it is not
            if tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING):
                return None
            return f"The run would remove a tenant that is {tenant}, and nobody here asked for that."
