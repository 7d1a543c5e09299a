"""What decides about deeds, as one look saw it, and what a deed would be. Pure."""

from dataclasses import dataclass
from datetime import datetime

from operations import errors, kinds
from operations.access import Permission
from operations.kinds import Purpose
from operations.statuses import Cause, CloseReason, CommandKind, Health, RetryKind, Status, TenantStatus
from operations.tenant_rules import cancel_problem

#: When these last, nothing but a new attempt helps, unless somebody mends code or a service first.
_WEDGED = frozenset({Cause.WORKFLOW_FAILING, Cause.WRONG_BUILD, Cause.STEP_HANGING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Remains:
    """What there is of a tenant in the database, beside its row."""

    schema_name: str
    tables: int
    rows: int  #: as PostgreSQL estimates them


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
    cause: str | None = None  #: why it does not go on
    health: Health = Health.OK
    step: str | None = None  #: at which it stands
    done: tuple[str, ...] = ()  #: names of the steps that ended well, in their order
    remains: Remains | None = None  #: what exists of the tenant
    asked_by: frozenset[str] = frozenset()  #: whoever asked for what the run does, in any of its attempts
    takes_two: bool = False  #: none of them may approve it
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
        if self.status.is_final:
            return RetryKind.ATTEMPT
        if self.cause == Cause.STEP_RETRYING:
            return RetryKind.STEP
        return RetryKind.REPLACE if self.cause in _WEDGED and self.health is Health.STUCK else RetryKind.NONE

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
    done: tuple[str, ...] = ()  #: by the run before it, and what there is of that
    refusal: type[errors.OperationsError] = errors.OperationsError  #: what an action that meets the problem raises

    def ensure(self) -> None:
        """Raises the problem."""
        if self.problem is None:
            return
        is_over = self.refusal is errors.TooLateToCancel  # the run goes on changing things, and the problem says so
        raise self.refusal(self.problem if is_over else f"{self.problem} Nothing was changed.")
