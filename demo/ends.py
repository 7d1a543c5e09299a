"""The kinds of luck that a provisioning can have, and what each makes of it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from demo.customers import some_id
from demo.days import Release
from demo.runs import Course, End, PastRun, Stumble, build
from operations import contracts
from operations.contracts import SCHEMA_MARK
from operations.phrases import ended
from operations.statuses import CloseReason

OPERATORS = ("mika.tanaka@example.com", "ruth.adler@example.com")
WORKER, DELIVERER, RECONCILIATION = "system:worker", "system:deliverer", "system:reconciliation"
#: What a step overcame: where, in which words, after how many tries.
PASSING = (
    Stumble(step=contracts.MIGRATE_SCHEMA, tries=2, error="canceling statement due to lock timeout"),
    Stumble(step=contracts.CREATE_SCHEMA, tries=4, error="could not extend file: No space left on device"),
    Stumble(step=contracts.ADD_OWNER, tries=1, error="deadlock detected"),
    Stumble(step=contracts.MIGRATE_SCHEMA, tries=6, error="the database system is in recovery mode"),
)
BROKEN_BY_RELEASE = Stumble(
    step=contracts.SEED_DEFAULTS,
    tries=60,
    error='column "region" of relation "settings" does not exist',
    gives_way=False,
)


class Luck(StrEnum):
    """How a provisioning goes."""

    GOOD = "good"
    PASSING = "passing"  #: a step needs more than one try
    RELEASE = "release"  #: the build of that hour cannot do one of the steps
    FOREIGN_SCHEMA = "foreign_schema"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    TIMED_OUT = "timed_out"
    GONE = "gone"
    ID_TAKEN = "id_taken"  #: it cannot even start


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A run that is about to build its schema."""

    course: Course
    run: PastRun
    release: Release

    def one_of(self, *words: str) -> str:
        return self.course.chance.choice(words)

    def pause(self, least: float, most: float) -> None:
        """In seconds."""
        self.course.at += timedelta(seconds=self.course.chance.uniform(least, most))


def _good(work: Work) -> End | None:
    build(work.course)
    return None


def _passing(work: Work) -> End | None:
    build(work.course, work.course.chance.choice(PASSING))
    return None


def _release(work: Work) -> End | None:
    """Tried again and again until somebody has rolled back, who ends it."""
    build(work.course, BROKEN_BY_RELEASE)
    work.course.at = max(work.course.at, work.release.rolled_back_at)
    work.pause(60, 1200)
    return _terminated_by(work, f"Release {work.release.build} asks for a column that is not there; rolled back.")


def _foreign_schema(work: Work) -> End | None:
    error = (
        f"A schema named tenant_{work.run.customer.id.hex} exists and does not carry this tenant's mark "
        f"({SCHEMA_MARK}{some_id(work.course.chance)}); it was left alone."
    )
    build(work.course, Stumble(step=contracts.CREATE_SCHEMA, tries=1, error=error, gives_way=False))
    return End(how=CloseReason.ERROR, error=error, by=WORKER)


def _cancelled(work: Work) -> End | None:
    build(work.course, until=contracts.SEED_DEFAULTS)
    work.course.take(contracts.DROP_SCHEMA, 0.2)
    why = work.one_of("Registered twice.", "Wrong plan; they come again.", "They asked us to wait.")
    return End(how=CloseReason.CANCELED, error=ended("Cancelled", work.one_of(*OPERATORS), why), by=WORKER)


def _terminated(work: Work) -> End | None:
    build(work.course, until=contracts.ADD_OWNER)
    work.pause(20, 200)
    return _terminated_by(work, work.one_of("Cleaning up the namespace.", "Looked stuck to me.", "Wrong cluster."))


def _terminated_by(work: Work, why: str) -> End:
    error = ended("Terminated", work.one_of(*OPERATORS), why)
    return End(how=CloseReason.TERMINATED, error=error, by=RECONCILIATION)


def _timed_out(work: Work) -> End | None:
    build(work.course, until=contracts.MIGRATE_SCHEMA)
    work.pause(3600, 3600)
    return End(how=CloseReason.TIMED_OUT, error="Timed out.", by=RECONCILIATION)


def _gone(work: Work) -> End | None:
    build(work.course, until=contracts.MIGRATE_SCHEMA)
    work.pause(100, 140)
    error = "Temporal does not know the run any more: it was deleted, or is older than what Temporal keeps."
    return End(how=CloseReason.NOT_FOUND, error=error, by=RECONCILIATION)


def _id_taken(work: Work) -> End | None:
    error = f"Temporal has a run under the id of {work.run.customer.slug} that Tenantry did not start."
    work.pause(0.4, 0.8)
    return End(how=CloseReason.START_REJECTED, error=error, by=DELIVERER)


ENDS: dict[Luck, Callable[[Work], End | None]] = {
    Luck.GOOD: _good,
    Luck.PASSING: _passing,
    Luck.RELEASE: _release,
    Luck.FOREIGN_SCHEMA: _foreign_schema,
    Luck.CANCELLED: _cancelled,
    Luck.TERMINATED: _terminated,
    Luck.TIMED_OUT: _timed_out,
    Luck.GONE: _gone,
    Luck.ID_TAKEN: _id_taken,
}
