"""How pages call findings, passes and what can be done about them."""

from collections.abc import Mapping

from operations import contracts
from operations.actions.findings import Settlement
from operations.queries.reconciliation_views import FindingView, Standing
from operations.statuses import FindingKind, PassOutcome, PassTrigger

#: What is wrong, in three words, and in a sentence.
KINDS = {
    FindingKind.ENDED: ("Run had ended", "The run ended where nobody told the database; the row was still open."),
    FindingKind.STARTED: ("Run was open", "Temporal had the run; the row was still waiting for its start."),
    FindingKind.REPLACED: ("Run was replaced", "Another run goes on under the same id: a reset, or continued as new."),
    FindingKind.REOPENED: ("Run goes on", "The row said it was over; Temporal says the run is open."),
    FindingKind.CONTRADICTED: ("Ended otherwise", "Both say it is over, and each says how in a different way."),
    FindingKind.NEVER_STARTED: ("Never started", "Nobody was starting the run, and Temporal knows none."),
    FindingKind.GONE: ("Run is gone", "Temporal does not know the run: deleted, or older than its retention."),
    FindingKind.FOREIGN: ("Foreign run", "A run that is not ours goes under the id of this execution."),
    FindingKind.OVERLAPPING: (
        "Old run still open",
        "The execution is over and a newer attempt is open; its run is too.",
    ),
    FindingKind.UNKNOWN_STATUS: ("Unknown status", "Temporal says a status that this version does not know."),
    FindingKind.NO_ROW: ("Run without a row", "An open run of ours that the database knows nothing about."),
    FindingKind.INTRUDER: (
        "Stranger refused",
        "Something that Tenantry did not start asked for a step of ours. It was refused, and nothing was changed.",
    ),
    FindingKind.TENANT_WITHOUT_EXECUTION: (
        "Nothing provisions it",
        "The tenant is being provisioned, and no execution of it is open.",
    ),
    FindingKind.TENANT_NOT_ACTIVE: (
        "Completed, not active",
        "The provisioning completed, and the tenant is still being provisioned.",
    ),
    FindingKind.TENANT_NOT_DELETED: (
        "Completed, not deleted",
        "The deprovisioning completed, and the tenant is still there. Retry the execution to delete it.",
    ),
    FindingKind.TENANT_ACTIVE: (
        "Failed, yet active",
        "The provisioning ended badly after the tenant had been switched on; it stays active.",
    ),
}
#: Found in the database alone.
ABOUT_TENANTS = (
    FindingKind.TENANT_WITHOUT_EXECUTION,
    FindingKind.TENANT_NOT_ACTIVE,
    FindingKind.TENANT_NOT_DELETED,
)
STANDINGS = {Standing.OPEN: "Open", Standing.IGNORED: "Ignored", Standing.SETTLED: "Settled"}
OUTCOMES = {
    PassOutcome.COMPLETED: "Completed",
    PassOutcome.PARTIAL: "Out of time",
    PassOutcome.TRIPPED: "Held back",
    PassOutcome.UNREACHABLE: "Unreachable",
    PassOutcome.NAMESPACE_CHANGED: "Other namespace",
    PassOutcome.ABANDONED: "Lost",
    PassOutcome.FAILED: "Failed",
}
TRIGGERS = {
    PassTrigger.SCHEDULE: "the schedule",
    PassTrigger.WATCHDOG: "a console, as the schedule is silent",
    PassTrigger.OPERATOR: "a person",
}
SETTLEMENTS = {
    Settlement.ADOPT: ("Adopt", "The run gets its row back, and reports to it from now on."),
    Settlement.TERMINATE: ("Terminate", "The run ends at once, without clean-up."),
    Settlement.PROVISION: ("Start a new attempt", "A new attempt provisions the tenant from the beginning."),
    Settlement.IGNORE: ("Ignore", "It counts no more, until another run is concerned. Nothing is changed."),
}


def title(kind: FindingKind) -> str:
    return KINDS[kind][0]


def explanation(kind: FindingKind) -> str:
    return KINDS[kind][1]


def said(side: Mapping[str, object]) -> str:
    """One side in a word or two."""
    tenant, status, reason = side.get("tenant"), side.get("status"), side.get("close_reason")
    if tenant is not None:
        return f"tenant {tenant}"
    if (activity := side.get("activity")) is not None:
        return f"asked for {contracts.step_title(str(activity))}"
    if status is None:
        return "nothing"
    word = str(status).replace("_", " ")
    return word if reason is None else f"{word} ({str(reason).replace('_', ' ')})"


def temporal_said(finding: FindingView) -> str:
    """In a word or two; of tenants, Temporal knows nothing and is not asked."""
    return "not asked" if finding.kind in ABOUT_TENANTS else said(finding.temporal_said)


def done(finding: FindingView) -> str:
    """What became of it, in one line."""
    if finding.done:
        return finding.done
    if finding.standing is Standing.IGNORED:
        return f"Ignored by {finding.ignored_by}"
    return "Nothing yet; it takes a person." if finding.kind is not FindingKind.GONE else "The next pass looks again."
