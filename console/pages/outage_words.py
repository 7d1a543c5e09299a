"""What an outage means to those who look at a page: what cannot be trusted, what still works, what to do."""

from console.components.banners import Kind, Notice
from operations.liveness import Outage, Part

TITLES = {
    Part.DATABASE: "Live updates are interrupted: the database does not answer",
    Part.TEMPORAL: "Temporal does not answer",
    Part.WORKER: "No worker answers",
    Part.DIAGNOSIS: "Nobody looks at executions that stand still",
}
TEXTS = {
    Part.DATABASE: (
        "What you see may be old, and actions are refused; what was accepted is kept, and runs go on."
        " Look at PostgreSQL; the pages go on by themselves."
    ),
    Part.TEMPORAL: (
        "Whether runs move is unknown: what you see of them may be old. Registrations and actions are accepted, and"
        " delivered when it is back. Look at the server at TEMPORAL_ADDRESS."
    ),
    Part.WORKER: (
        "No step is carried out: runs wait where they are. Registrations and actions are accepted, and carried out when"
        " a worker is back. Look at its log, or start one with “tenantry worker”."
    ),
    Part.DIAGNOSIS: (
        "How open executions are doing is unknown; statuses and steps are right, and everything else works."
        " Look at the logs of console and worker for why the watcher failed."
    ),
}


def notice(outage: Outage) -> Notice:
    return Notice(
        name=outage.part.value,
        title=TITLES[outage.part],
        since=outage.since,
        text=TEXTS[outage.part],
        kind=Kind.ERROR,
        since_word="at least since" if outage.is_since_before else "since",
    )
