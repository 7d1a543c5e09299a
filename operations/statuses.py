"""The words for states, each once, and which status may follow which. Pure."""

from enum import StrEnum


class Status(StrEnum):
    """Where an execution stands."""

    PENDING = "pending"  #: accepted by us; Temporal has not confirmed a start yet
    RUNNING = "running"  #: Temporal accepted the start
    COMPLETED = "completed"  #: ended well
    FAILED = "failed"  #: ended otherwise; `CloseReason` says how

    @property
    def is_final(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED)


class CloseReason(StrEnum):
    """How a failed execution ended."""

    ERROR = "error"  #: the workflow failed with an error
    REJECTED = "rejected"  #: a person, or the approval's time limit, said no
    TERMINATED = "terminated"  #: ended by force, without clean-up
    CANCELED = "canceled"  #: asked to end, and ended in order
    TIMED_OUT = "timed_out"  #: Temporal's time limit for the run passed
    NOT_FOUND = "not_found"  #: Temporal does not know the run (any more)
    START_REJECTED = "start_rejected"  #: Temporal refused the start for good

    @property
    def is_by_somebody(self) -> bool:
        """Whether somebody brought it about; the row then tells who, and why."""
        return self.is_wanted or self is CloseReason.TERMINATED

    @property
    def is_wanted(self) -> bool:
        """Whether somebody chose this end, so that nothing waits for anybody."""
        return self in (CloseReason.CANCELED, CloseReason.REJECTED)


class Failure(StrEnum):
    """What became of a failure; every failed execution is one of these."""

    STANDING = "standing"  #: nobody wanted it so, and no newer attempt took its place
    CALLED_OFF = "called_off"  #: somebody cancelled or rejected it, and no newer attempt took its place
    SUPERSEDED = "superseded"  #: a newer attempt that is open or completed took its place


FOLLOWERS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.RUNNING, Status.COMPLETED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.FAILED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
}


def predecessors(of: Status) -> frozenset[Status]:
    """The statuses that `of` may follow."""
    return frozenset(status for status, followers in FOLLOWERS.items() if of in followers)


class TenantStatus(StrEnum):
    """Where a customer stands."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    FAILED = "failed"  #: the first provisioning ended without success
    DEPROVISIONING = "deprovisioning"  #: it leaves, and can still stay: nothing is dropped before it is due
    DROPPING = "dropping"  #: part of the schema is gone, so that it cannot stay any more
    DELETED = "deleted"  #: the schema is gone; the row stays, a slug is never used twice

    @property
    def is_gone(self) -> bool:
        """Whether it is too late to keep the customer."""
        return self in (TenantStatus.DROPPING, TenantStatus.DELETED)

    @property
    def leaves(self) -> bool:
        return self is TenantStatus.DEPROVISIONING or self.is_gone


class Plan(StrEnum):
    """What the customer bought."""

    STARTER = "starter"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"  #: needs an approval before anything is created


class StepStatus(StrEnum):
    """Where one step (one activity of a tracked workflow) stands."""

    RUNNING = "running"
    RETRYING = "retrying"  #: the last try failed, Temporal will try again
    COMPLETED = "completed"
    FAILED = "failed"  #: no further try
    CANCELED = "canceled"


class CommandKind(StrEnum):
    """What we want from Temporal."""

    START = "start"
    TERMINATE = "terminate"  #: end the run by force, without clean-up
    CANCEL = "cancel"  #: ask the run to end in order
    DECIDE = "decide"  #: tell a waiting run that a decision was made
    RETRY_STEP = "retry_step"  #: have a step that waits for its next try tried now
    PAUSE_STEP = "pause_step"  #: have no further try of a step begin
    RESUME_STEP = "resume_step"
    REPLACE = "replace"  #: end a wedged run by force, and begin a new attempt when that is certain


class Outcome(StrEnum):
    """What became of a retry."""

    MOVED_ON = "moved_on"  #: the step succeeded, or the attempt got further than the one before
    FAILED_AGAIN = "failed_again"  #: with the same error
    FAILED_OTHERWISE = "failed_otherwise"  #: with another one
    NOT_IN_TIME = "not_in_time"  #: nothing was seen of it for as long as it was watched
    NOT_DONE = "not_done"  #: Temporal did not take it


class RetryKind(StrEnum):
    """What Retry means."""

    STEP = "step"  #: the step that waits for its next try is tried now
    ATTEMPT = "attempt"  #: a new attempt, after one that has ended
    REPLACE = "replace"  #: a new attempt, after one that is ended by force for it
    NONE = "none"  #: nothing: it is not possible


class BulkState(StrEnum):
    """Where a bulk operation stands."""

    PROPOSED = "proposed"  #: another person has to release it
    RUNNING = "running"
    PAUSED = "paused"  #: no further row has its turn until somebody lets it go on
    STOPPED = "stopped"  #: the rows that were left were skipped
    FINISHED = "finished"


class BulkRowState(StrEnum):
    """Where one row of a bulk operation stands."""

    LEFT = "left"  #: its turn has not come
    SENT = "sent"  #: on its way to Temporal
    DONE = "done"  #: Temporal confirmed it
    FAILED = "failed"  #: Temporal refused it, or it came too late
    SKIPPED = "skipped"  #: it could not take the action, or the whole was stopped before its turn


class BulkResult(StrEnum):
    """What became of one row, as far as is known."""

    LEFT = "left"
    SENT = "sent"
    WATCHED = "watched"  #: done; what comes of it is not known yet
    MOVED_ON = "moved_on"  #: a retry that helped
    WENT_ON = "went_on"  #: by itself, before the retry reached it
    FAILED_AGAIN = "failed_again"  #: a retry that met the same error
    FAILED_OTHERWISE = "failed_otherwise"
    NO_WORKER = "no_worker"  #: a retry for which no worker is there
    NOT_IN_TIME = "not_in_time"  #: a retry of which nothing was seen for as long as it was watched
    ENDED = "ended"  #: by a cancel or terminate
    DECIDED = "decided"  #: and the run was told
    FAILED = "failed"
    SKIPPED = "skipped"


class Decision(StrEnum):
    """What a person, or the time limit, said about an execution that waits for approval."""

    APPROVED = "approved"
    REJECTED = "rejected"


class CommandState(StrEnum):
    """Where an intent towards Temporal stands."""

    QUEUED = "queued"  #: waiting, or being delivered
    DELIVERED = "delivered"  #: Temporal confirmed it
    FAILED = "failed"  #: refused for good
    UNKNOWN = "unknown"  #: no answer could be had; reconciliation decides


class Health(StrEnum):
    """How an open execution is doing, apart from its status."""

    OK = "ok"
    SLOW = "slow"
    STUCK = "stuck"
    DRIFT = "drift"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why an open execution does not go on, or an ended one never went on. docs/runbook.md says of each what to do."""

    NOT_STARTED = "not_started"  #: accepted by us; its start has not been delivered
    TEMPORAL_UNREACHABLE = "temporal_unreachable"  #: Temporal does not answer, so nobody can tell how it is doing
    NO_WORKER = "no_worker"  #: there is work, and no worker takes it
    WRONG_BUILD = "wrong_build"  #: workers take work, and none of them has the code of this run
    STEP_RETRYING = "step_retrying"  #: a step failed and is tried again
    STEP_HANGING = "step_hanging"  #: a step has begun, and says nothing
    STEP_PAUSED = "step_paused"  #: somebody paused a step
    WORKFLOW_FAILING = "workflow_failing"  #: the code of the workflow fails, or contradicts the run's history
    AWAITING_APPROVAL = "awaiting_approval"  #: a person has to decide
    SLEEPING = "sleeping"  #: a timer runs
    CANCEL_PENDING = "cancel_pending"  #: a cancel was asked for, and the run still works
    START_REJECTED = "start_rejected"  #: Temporal refused the start for good
    DRIFTED = "drifted"  #: the database and Temporal disagree
    GONE = "gone"  #: Temporal does not know the run any more
    RUN_PAUSED = "run_paused"  #: somebody paused the whole run
    WAITING = "waiting"  #: for a signal, or for a child
    UNKNOWN = "unknown"  #: it does not go on, and what is known does not say why


class PassTrigger(StrEnum):
    """What began a reconciliation pass."""

    SCHEDULE = "schedule"  #: Temporal's schedule
    WATCHDOG = "watchdog"  #: a console, because the schedule was silent
    OPERATOR = "operator"  #: a person


class PassOutcome(StrEnum):
    """How a reconciliation pass ended."""

    COMPLETED = "completed"
    PARTIAL = "partial"  #: out of time; the next pass goes on where it stopped
    TRIPPED = "tripped"  #: it would have changed an implausible share of the rows, so it changed none
    UNREACHABLE = "unreachable"  #: Temporal, or the namespace, does not answer; nothing was changed
    NAMESPACE_CHANGED = "namespace_changed"  #: another namespace answers under the name; nothing was changed
    ABANDONED = "abandoned"  #: its process was lost
    FAILED = "failed"  #: a mistake in Tenantry; the log has it


class FindingKind(StrEnum):
    """How the database and Temporal differ."""

    ENDED = "ended"  #: the run has ended, the row was open
    STARTED = "started"  #: the run is open, the row was still pending
    REPLACED = "replaced"  #: another run goes on under the id: a reset, or continued as new
    REOPENED = "reopened"  #: the run is open, the row was final
    CONTRADICTED = "contradicted"  #: both ended, in different ways
    NEVER_STARTED = "never_started"  #: a pending row that nobody is starting, and no run
    GONE = "gone"  #: Temporal does not know the run any more
    FOREIGN = "foreign"  #: a stranger's run under the row's workflow id
    OVERLAPPING = "overlapping"  #: the run is open although its row is final and a newer attempt is open
    UNKNOWN_STATUS = "unknown_status"  #: Temporal says a word that this version does not know
    NO_ROW = "no_row"  #: an open run of ours without a row
    INTRUDER = "intruder"  #: something that is not ours asked for our steps, and was refused
    TENANT_WITHOUT_EXECUTION = "tenant_without_execution"  #: provisioning, and nothing provisions it
    TENANT_NOT_ACTIVE = "tenant_not_active"  #: its provisioning completed, and it is still provisioning
    TENANT_NOT_DELETED = "tenant_not_deleted"  #: its deprovisioning completed, and it is not deleted
    TENANT_ACTIVE = "tenant_active"  #: its provisioning ended badly, and it had been switched on already


class Role(StrEnum):
    """What a member of staff may do; each role includes the ones before it."""

    VIEWER = "viewer"
    SUPPORT = "support"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)
