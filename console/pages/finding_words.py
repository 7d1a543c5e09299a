"""How pages call findings, passes and what can be done about them."""

from dataclasses import dataclass

from operations.actions.findings import Remedy
from operations.phrases import side, told, who
from operations.queries.reconciliation_views import FindingView, Standing
from operations.reconciliation.passes import PassResult
from operations.statuses import FindingKind, PassOutcome, PassTrigger


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a remedy is called: on its button, above and in its question, and afterwards."""

    label: str
    title: str  #: with a place for the tenant's name
    consequence: str
    told: str


#: What is wrong, in three words, and in a sentence.
KINDS = {
    FindingKind.ENDED: ("Run had ended", "The run had ended in Temporal; the database still showed it as open."),
    FindingKind.STARTED: (
        "Run was open",
        "The run was open in Temporal; the database still showed it as waiting to start.",
    ),
    FindingKind.REPLACED: (
        "Run was replaced",
        "Another run goes on under the same workflow id: somebody reset it, or it continued as new.",
    ),
    FindingKind.REOPENED: ("Run goes on", "The database showed the run as ended; in Temporal it is open."),
    FindingKind.CONTRADICTED: (
        "Ended otherwise",
        "The database and Temporal agree that the run ended, and not on how.",
    ),
    FindingKind.NEVER_STARTED: (
        "Never started",
        "The run was requested, nobody was starting it, and Temporal does not know it.",
    ),
    FindingKind.GONE: (
        "Run is gone",
        "Temporal does not know the run any more: it was deleted, or is older than what Temporal keeps.",
    ),
    FindingKind.FOREIGN: (
        "Foreign run",
        "A run that Tenantry did not start goes under the workflow id of this execution.",
    ),
    FindingKind.OVERLAPPING: (
        "Old run still open",
        "The execution has ended and a newer attempt is open, but its own run is still open in Temporal.",
    ),
    FindingKind.UNKNOWN_STATUS: (
        "Unknown status",
        "Temporal reports a status that this version of Tenantry does not know.",
    ),
    FindingKind.NO_ROW: (
        "Untracked run",
        "An open run of one of Tenantry's workflows that the database knows nothing about.",
    ),
    FindingKind.INTRUDER: (
        "Foreign step refused",
        "Something that Tenantry did not start asked for one of its steps. It was refused, and nothing was changed.",
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
        "The provisioning failed after the tenant had been switched on; the tenant stays active.",
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
    PassOutcome.UNREACHABLE: "Temporal did not answer",
    PassOutcome.NAMESPACE_CHANGED: "Other namespace",
    PassOutcome.ABANDONED: "Lost",
    PassOutcome.FAILED: "Failed",
}
TRIGGERS = {
    PassTrigger.SCHEDULE: "the schedule",
    PassTrigger.WATCHDOG: "the console, as the schedule is silent",
    PassTrigger.OPERATOR: "a person",
}
REMEDIES = {
    Remedy.ADOPT: Wording(
        label="Adopt",
        title="Adopt the run of {}?",
        consequence="The run becomes an execution again: it is shown, and its tenant follows how it ends.",
        told="Run adopted.",
    ),
    Remedy.TERMINATE: Wording(
        label="Terminate",
        title="Terminate the run of {}?",
        consequence="The run ends at once, without cleaning up after itself.",
        told="Run terminated.",
    ),
    Remedy.PROVISION: Wording(
        label="Start a new attempt",
        title="Start a new attempt for {}?",
        consequence="A new attempt provisions the tenant from the beginning.",
        told="New attempt queued.",
    ),
    Remedy.IGNORE: Wording(
        label="Ignore",
        title="Ignore this finding about {}?",
        consequence="It is not counted any more, unless another run is concerned. Nothing else is changed.",
        told="Finding ignored.",
    ),
}


def title(kind: FindingKind) -> str:
    return KINDS[kind][0]


def explanation(kind: FindingKind) -> str:
    return KINDS[kind][1]


def temporal_said(finding: FindingView) -> str:
    """In a word or two; of tenants, Temporal knows nothing and is not asked."""
    return "not asked" if finding.kind in ABOUT_TENANTS else side(finding.temporal_said)


def done(finding: FindingView) -> str:
    """What became of it, in one line."""
    if finding.done:
        return finding.done
    if finding.standing is Standing.IGNORED:
        return f"Ignored by {who(finding.ignored_by or '')}."
    return (
        "Nothing yet; somebody has to decide." if finding.kind is not FindingKind.GONE else "The next pass looks again."
    )


def outcome(done: PassResult) -> str:
    """What a pass that somebody asked for did, and what it did not."""
    if done.outcome in (PassOutcome.COMPLETED, PassOutcome.PARTIAL):
        return f"{OUTCOMES[done.outcome]}: {done.checked:,} checked, {done.found:,} found, {done.healed:,} corrected."
    return told(done.error).sentence or f"{OUTCOMES[done.outcome]}; look at the latest passes."
