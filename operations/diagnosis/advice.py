"""Who must act on a cause, and the one thing to do next. Pure; docs/runbook.md has the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from operations.statuses import Cause


class Owner(StrEnum):
    """Who can end it."""

    NOBODY = "nobody"  #: it ends by itself
    OPERATOR = "operator"  #: staff of Tenantry, with the buttons of the page
    PLATFORM = "platform"  #: whoever runs workers, PostgreSQL and Temporal
    DEVELOPERS = "developers"  #: whoever wrote the workflow


#: As they are called in a sentence.
OWNERS: Mapping[Owner, str] = {
    Owner.NOBODY: "nobody",
    Owner.OPERATOR: "an operator",
    Owner.PLATFORM: "whoever runs the installation",
    Owner.DEVELOPERS: "whoever wrote the workflow",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """What people need beside the cause."""

    title: str
    owner: Owner
    action: str


HEALTHY = Advice(title="It goes on", owner=Owner.NOBODY, action="Nothing has to be done.")
ADVICE: Mapping[Cause, Advice] = {
    Cause.NOT_STARTED: Advice(
        title="Not started",
        owner=Owner.PLATFORM,
        action="The start is tried again by itself. Look at why the last try failed, and mend that.",
    ),
    Cause.TEMPORAL_UNREACHABLE: Advice(
        title="Temporal does not answer",
        owner=Owner.PLATFORM,
        action="Bring Temporal back. Nothing is lost: runs go on, and queued starts are delivered within seconds.",
    ),
    Cause.NO_WORKER: Advice(
        title="No worker",
        owner=Owner.PLATFORM,
        action="Start a worker for each queue that lacks one. What waits there goes on by itself.",
    ),
    Cause.WRONG_BUILD: Advice(
        title="No worker with its code",
        owner=Owner.PLATFORM,
        action="Start a worker of the build that the run needs. The run goes on by itself.",
    ),
    Cause.STEP_RETRYING: Advice(
        title="A step keeps failing",
        owner=Owner.PLATFORM,
        action="Mend what the error says. The step is tried again by itself.",
    ),
    Cause.STEP_HANGING: Advice(
        title="A step hangs",
        owner=Owner.PLATFORM,
        action="Look at what the step waits for: locks in PostgreSQL, or a service that does not answer.",
    ),
    Cause.STEP_PAUSED: Advice(
        title="A step is paused",
        owner=Owner.OPERATOR,
        action="Resume the step when the reason for the pause is gone.",
    ),
    Cause.WORKFLOW_FAILING: Advice(
        title="The workflow's code fails",
        owner=Owner.DEVELOPERS,
        action="Roll the last deploy back, or deploy code that can go on. The run goes on by itself.",
    ),
    Cause.AWAITING_APPROVAL: Advice(
        title="Waiting for approval",
        owner=Owner.OPERATOR,
        action="Approve or reject it.",
    ),
    Cause.SLEEPING: Advice(title="Sleeping", owner=Owner.NOBODY, action="It goes on by itself when the time has come."),
    Cause.CANCEL_PENDING: Advice(
        title="Cancel not taken",
        owner=Owner.OPERATOR,
        action="Wait until the step under way ends. If it never does, terminate the run.",
    ),
    Cause.START_REJECTED: Advice(
        title="Start refused",
        owner=Owner.PLATFORM,
        action="Mend what Temporal says, then retry: that begins a new attempt.",
    ),
    Cause.DRIFTED: Advice(
        title="Drifted",
        owner=Owner.OPERATOR,
        action="Look at the finding of the reconciliation, which compares both sides, and settle it there.",
    ),
    Cause.GONE: Advice(
        title="Gone from Temporal",
        owner=Owner.OPERATOR,
        action="Wait for the next reconciliation, which confirms it. Then retry begins a new attempt.",
    ),
    Cause.RUN_PAUSED: Advice(
        title="The run is paused",
        owner=Owner.PLATFORM,
        action="Resume the run in Temporal, where it was paused.",
    ),
    Cause.WAITING: Advice(
        title="Waiting",
        owner=Owner.DEVELOPERS,
        action="Find out who owes the run an answer; the page of the execution says what it waits for.",
    ),
    Cause.UNKNOWN: Advice(
        title="Cause unknown",
        owner=Owner.OPERATOR,
        action="Open the run in Temporal's own pages. If that does not help, hand it to whoever wrote the workflow.",
    ),
}


def advice(cause: Cause | None) -> Advice:
    return HEALTHY if cause is None else ADVICE[cause]
