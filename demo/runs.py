"""A run as its rows tell of it afterwards: its steps, how it ended, by whom. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from demo.customers import Customer, some_id
from operations import tenant_kinds
from operations.kinds import Kind, Subject
from operations.statuses import CloseReason, Status, StepStatus

#: How long a step takes when nothing is wrong, in seconds.
USUAL = {
    step.name: seconds
    for step, seconds in zip(tenant_kinds.VERIFIED_BUILDING, (0.2, 0.9, 0.05, 0.1, 0.15, 0.1), strict=True)
}
STARTS_WITHIN = 0.4  #: seconds
PATIENCE = (1, 2, 4, 8, 16, 30)  #: seconds between the tries of a step; the last pause repeats


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTaken:
    """One step of a run, with all of its tries."""

    name: str
    status: StepStatus
    tries: int
    began_at: datetime
    tried_at: datetime
    ended_at: datetime | None
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stumble:
    """A step that failed: so often, with these words; `gives_way` if a later try did it."""

    step: str
    tries: int
    error: str
    gives_way: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """How a run ended that did not complete."""

    how: CloseReason
    error: str
    by: str  #: who wrote it into the history


@dataclass(frozen=True, kw_only=True, slots=True)
class PastRun:
    """An execution that is over."""

    id: UUID
    customer: Customer
    kind: Kind
    attempt: int
    retry_of: UUID | None
    run_id: UUID | None  #: none of one that never started
    owner_arguments: tuple[str | float, ...]
    requested_by: str
    why: str
    build: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime
    steps: tuple[StepTaken, ...]
    end: End | None

    @property
    def status(self) -> Status:
        return Status.COMPLETED if self.end is None else Status.FAILED

    @property
    def planned(self) -> tuple[str, ...]:
        return self.kind.planned(Subject(plan=self.customer.plan))


@dataclass(kw_only=True, slots=True)
class Course:
    """Lets a run take its steps one after the other; the clock goes with it."""

    chance: Random
    at: datetime
    taken: list[StepTaken]

    def take(self, name: str, seconds: float, stumble: Stumble | None = None) -> bool:
        """Whether the step was done."""
        began = self.at
        tries, error = 1, None
        if stumble is not None and stumble.step == name:
            error = stumble.error
            tries = stumble.tries + (1 if stumble.gives_way else 0)
            for number in range(tries - 1):
                self._wait(PATIENCE[min(number, len(PATIENCE) - 1)])
        tried = self.at
        self._wait(seconds * self.chance.lognormvariate(0, 0.45))
        done = error is None or (stumble is not None and stumble.gives_way)
        self.taken.append(
            StepTaken(
                name=name,
                status=StepStatus.COMPLETED if done else StepStatus.FAILED,
                tries=tries,
                began_at=began,
                tried_at=tried,
                ended_at=self.at,
                error=error,
            )
        )
        self._wait(0.03)
        return done

    def _wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def build(course: Course, stumble: Stumble | None = None, *, until: str | None = None) -> bool:
    """The steps that make a tenant's schema; whether all were done. `until` names one that is not begun any more."""
    for step in tenant_kinds.VERIFIED_BUILDING:
        if step.name == until or not course.take(step.name, USUAL[step.name], stumble):
            return False
    return True


def begin(chance: Random, created_at: datetime) -> Course:
    return Course(chance=chance, at=created_at + timedelta(seconds=chance.uniform(0.05, STARTS_WITHIN)), taken=[])


def new_run_id(chance: Random) -> UUID:
    return some_id(chance)
