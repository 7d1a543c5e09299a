"""What we would do about a finding: one thing, with its button where there is one."""

from dataclasses import dataclass

from operations.actions.findings import Remedy, remedies
from operations.queries.reconciliation_views import FindingView, Standing
from operations.statuses import FindingKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """A sentence, and the remedy that it is about."""

    text: str
    remedy: Remedy | None = None
    leads_to_execution: bool = False  #: what helps is on the page of the execution
    heals_by_itself: bool = False  #: nobody has to do anything


_NEXT_PASS = Advice(
    text="Wait a minute: the next pass corrects it. Where the last pass held back, look at what it found and apply it.",
    heals_by_itself=True,
)
_START_AGAIN = Advice(text="Start a new attempt for the tenant.", remedy=Remedy.PROVISION)
ADVICE = {
    FindingKind.ENDED: _NEXT_PASS,
    FindingKind.STARTED: _NEXT_PASS,
    FindingKind.REPLACED: _NEXT_PASS,
    FindingKind.REOPENED: _NEXT_PASS,
    FindingKind.CONTRADICTED: _NEXT_PASS,
    FindingKind.NEVER_STARTED: _NEXT_PASS,
    FindingKind.GONE: Advice(
        text="Wait a minute: a second pass looks again before it believes that the run is gone.", heals_by_itself=True
    ),
    FindingKind.FOREIGN: Advice(
        text="Find out who started that run, and have it ended in Temporal; Tenantry never touches it."
    ),
    FindingKind.OVERLAPPING: Advice(
        text="Terminate the old run, so that only the newer attempt works for the tenant.", remedy=Remedy.TERMINATE
    ),
    FindingKind.UNKNOWN_STATUS: Advice(text="Update Tenantry. Until then, look at the run in Temporal."),
    FindingKind.NO_ROW: Advice(
        text="Adopt the run, so that it is followed again. If nobody wants it, terminate it.", remedy=Remedy.ADOPT
    ),
    FindingKind.INTRUDER: Advice(
        text="Find out who asked for the step; then terminate their run.", remedy=Remedy.TERMINATE
    ),
    FindingKind.TENANT_WITHOUT_EXECUTION: _START_AGAIN,
    FindingKind.TENANT_NOT_ACTIVE: _START_AGAIN,
    FindingKind.TENANT_NOT_DELETED: Advice(text="Retry the execution; it deletes the tenant.", leads_to_execution=True),
    FindingKind.TENANT_ACTIVE: Advice(
        text="The customer can work. Read why the run failed, then ignore this.", leads_to_execution=True
    ),
}
NOTHING = Advice(text="")
WITHOUT_RUN = Advice(text="Find out who asked for the step, then ignore this; there is no run to end.")


def advice(finding: FindingView) -> Advice:
    """Of one that is settled or ignored, nothing."""
    if finding.standing is not Standing.OPEN:
        return NOTHING
    found = ADVICE[finding.kind]
    if found.remedy is None or found.remedy in remedies(finding.kind, finding.run_id):
        return found
    return WITHOUT_RUN
