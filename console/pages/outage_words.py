"""What the banner of each outage says: what cannot be trusted, what still works, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.components.banners import Kind, Notice
from operations.diagnosis.advice import OWNERS, Owner
from operations.liveness import Outage, Part
from operations.phrases import capitalised


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What people need to know of a part that is away."""

    title: str
    doubtful: str  #: what cannot be trusted meanwhile
    works: str  #: what still works
    action: str
    owner: Owner = Owner.PLATFORM
    kind: Kind = Kind.ERROR


MEANINGS: Mapping[Part, Meaning] = {
    Part.DATABASE: Meaning(
        title="Live updates are interrupted: the database does not answer",
        doubtful="What you see may be old, and actions are refused.",
        works="Nothing is lost: Temporal keeps the runs, each at its step, and what was accepted is kept.",
        action="Look at PostgreSQL; runs and pages go on by themselves when it is back.",
    ),
    Part.TEMPORAL: Meaning(
        title="Temporal does not answer",
        doubtful="Whether runs move: what you see of them may be old.",
        works="Registrations and actions are accepted, and delivered when it is back.",
        action="Look at the server at TEMPORAL_ADDRESS.",
    ),
    Part.WORKER: Meaning(
        title="No worker answers",
        doubtful="That runs get on: no step is carried out, and they wait where they are.",
        works="Registrations and actions are accepted, and carried out when a worker is back.",
        action="Look at its log, or start one with “tenantry worker”.",
    ),
    Part.DIAGNOSIS: Meaning(
        title="Nobody looks at executions that stand still",
        doubtful="How open executions are doing, and why.",
        works="Statuses and steps are right, and everything else works.",
        action="Look at the logs of console and worker for why the watcher failed.",
        kind=Kind.WARNING,
    ),
    Part.RECONCILIATION: Meaning(
        title="Nobody compares the database with Temporal",
        doubtful="Statuses of runs that were ended, reset or deleted outside of Tenantry.",
        works="Runs and their steps go on and are shown, and every action works.",
        action="Look at the page Reconciliation and run a pass; the logs of console and worker say why none ends.",
        owner=Owner.OPERATOR,
        kind=Kind.WARNING,
    ),
}


def notice(outage: Outage) -> Notice:
    meaning = MEANINGS[outage.part]
    who = OWNERS[meaning.owner]
    return Notice(
        name=outage.part.value,
        title=meaning.title,
        since=outage.since,
        parts=(
            ("Not to be trusted", meaning.doubtful),
            ("Still works", meaning.works),
            ("Who must act", f"{capitalised(who)}. {meaning.action}"),
        ),
        kind=meaning.kind,
        since_word="at least since" if outage.is_since_before else "since",
    )
