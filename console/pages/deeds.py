"""What people can do to an execution, in the words of buttons and dialogs; possibilities.py says what it means."""

from dataclasses import dataclass

from console.components.dialogs import Question
from console.components.menus import MenuItem
from operations import kinds
from operations.deed_facts import Facts, Possibility
from operations.kinds import Deed
from operations.statuses import RetryKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a deed is called: on buttons, on the button that confirms it, and after it was asked for."""

    label: str
    icon: str
    confirm: str
    told: str
    title: str = ""  #: of the dialog, with the run as `{run}`; else what the button says, and the run
    danger: bool = False


KEEPING = Wording(
    label="Keep the tenant",
    icon="undo",
    confirm="Keep the tenant",
    told="Requested; the tenant is kept as soon as the run hears of it.",
)
WORDINGS = {
    Deed.APPROVE: Wording(label="Approve", icon="check", confirm="Approve", told="Approved."),
    Deed.REJECT: Wording(label="Reject", icon="close", confirm="Reject", told="Rejected.", danger=True),
    Deed.RETRY: Wording(label="Retry", icon="replay", confirm="Retry", told="A new attempt is queued."),
    Deed.CANCEL: Wording(
        label="Cancel",
        icon="block",
        confirm="Cancel the run",
        told="Cancellation requested; the run ends in order.",
        danger=True,
    ),
    Deed.TERMINATE: Wording(
        label="Terminate",
        icon="dangerous",
        confirm="Terminate the run",
        told="Termination requested.",
        danger=True,
    ),
    Deed.PAUSE_STEP: Wording(
        label="Pause the step",
        icon="pause",
        confirm="Pause the step",
        title="Pause a step of {run}?",
        told="Requested; no further try begins.",
    ),
    Deed.RESUME_STEP: Wording(
        label="Resume the step",
        icon="play_arrow",
        confirm="Resume the step",
        title="Resume a step of {run}?",
        told="Requested; the next try begins.",
    ),
    Deed.CLEAN_UP: Wording(
        label="Clean up",
        icon="cleaning_services",
        confirm="Delete what is left",
        told="A run that cleans up is queued.",
        title="Clean up after {run}?",
        danger=True,
    ),
}
RETRIES = {
    RetryKind.STEP: Wording(
        label="Try now",
        icon="replay",
        confirm="Try the step now",
        title="Try a step of {run} now?",
        told="Requested; the step is tried now.",
    ),
    RetryKind.REPLACE: Wording(
        label="Replace",
        icon="replay",
        confirm="Replace the run",
        told="Requested; a new attempt begins when the run has ended.",
        danger=True,
    ),
}


def wording(deed: Deed, facts: Facts) -> Wording:
    """To cancel the removal of a tenant is to keep it; to retry one is dangerous."""
    if deed is Deed.CANCEL and facts.can_be_kept:
        return KEEPING
    if deed is Deed.RETRY and facts.retry in RETRIES:
        return RETRIES[facts.retry]
    if deed is Deed.RETRY and facts.removes:
        return Wording(
            label="Retry", icon="replay", confirm="Delete the tenant", told="A new attempt is queued.", danger=True
        )
    return WORDINGS[deed]


def question(deed: Deed, facts: Facts, possible: Possibility, *, subject: str, run_id: str | None) -> Question:
    """`subject` is the name of the tenant."""
    words = wording(deed, facts)
    kind = kinds.known().get(facts.workflow_type)
    run = f"the {'run' if kind is None else kind.title.lower()} of {subject}"
    title = words.title.format(run=run) if words.title else f"{words.label} {run}?"
    return Question(
        title=f"Keep {subject}?" if words is KEEPING else title,
        action=words.confirm,
        done=possible.done,
        what_will_happen=possible.effects,
        not_undone=possible.not_undone,
        danger=words.danger,
        problem=possible.problem,
        about=run_id,
    )


def item(deed: Deed, facts: Facts, possible: Possibility) -> MenuItem:
    words = wording(deed, facts)
    return MenuItem(name=deed.value, label=words.label, icon=words.icon, danger=words.danger, problem=possible.problem)
