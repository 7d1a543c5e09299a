"""What a bulk operation would do to each of its rows, and why not. Pure; `possibilities` decides about each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from operations.access import Actor
from operations.deed_facts import Facts
from operations.errors import InvalidInput
from operations.kinds import Deed
from operations.possibilities import possibility
from operations.statuses import RetryKind

DEEDS = (Deed.RETRY, Deed.CANCEL, Deed.TERMINATE, Deed.APPROVE, Deed.REJECT)
ENDING = frozenset({Deed.CANCEL, Deed.TERMINATE})
LARGE = 50  #: more rows than these have their number typed
NO_SUCH = "There is no execution with this id."


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An execution as one look saw it."""

    id: UUID
    workflow_id: str
    name: str | None  #: of its tenant
    run_id: str | None
    facts: Facts


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRow:
    """What would be done to one execution, or why nothing."""

    execution_id: UUID
    workflow_id: str | None
    name: str | None
    effects: tuple[str, ...]
    not_undone: tuple[str, ...]
    problem: str | None
    retry_kind: RetryKind | None = None  #: what Retry would be
    seen_run_id: str | None = None

    @property
    def acts(self) -> bool:
        return self.problem is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Something that is true of so many rows."""

    sentence: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Fixes which executions an operation is about."""

    deed: Deed
    selection: dict[str, object]
    rows: tuple[PlannedRow, ...]

    @property
    def acting(self) -> int:
        return sum(row.acts for row in self.rows)

    @property
    def skipped(self) -> int:
        return len(self.rows) - self.acting

    @property
    def is_weighty(self) -> bool:
        """Whether its number has to be typed, and another person to release it where it takes two."""
        return self.acting > 0 and (self.deed in ENDING or self.acting > LARGE)

    @property
    def effects(self) -> tuple[Said, ...]:
        return _counted(sentence for row in self.rows for sentence in row.effects)

    @property
    def not_undone(self) -> tuple[Said, ...]:
        return _counted(sentence for row in self.rows for sentence in row.not_undone)

    @property
    def problems(self) -> tuple[Said, ...]:
        """Why rows would be skipped."""
        return _counted(row.problem for row in self.rows if row.problem is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """How many of some executions could take a deed now, and why when none could."""

    deed: Deed
    acting: int
    problem: str | None

    @classmethod
    def of(cls, deed: Deed, rows: Iterable[PlannedRow]) -> Self:
        """What speaks against most of them speaks against all."""
        planned = Plan(deed=deed, selection={}, rows=tuple(rows))
        why = planned.problems[0].sentence if planned.problems else None
        return cls(deed=deed, acting=planned.acting, problem=None if planned.acting else why)


def deed_of(word: str) -> Deed:
    """Raises `InvalidInput` for what is not done to many."""
    if word not in list(DEEDS):
        raise InvalidInput({"action": f"The action must be one of {', '.join(DEEDS)}."})
    return Deed(word)


def plan(deed: Deed, selection: dict[str, object], rows: Sequence[PlannedRow]) -> Plan:
    """Raises `InvalidInput` for what is not done to many."""
    return Plan(deed=deed_of(deed), selection=selection, rows=tuple(rows))


def planned(deed: Deed, seen: Seen, actor: Actor) -> PlannedRow:
    possible = possibility(deed, seen.facts, actor)
    return PlannedRow(
        execution_id=seen.id,
        workflow_id=seen.workflow_id,
        name=seen.name,
        effects=possible.effects,
        not_undone=possible.not_undone,
        problem=possible.problem,
        retry_kind=seen.facts.retry if deed is Deed.RETRY and possible.problem is None else None,
        seen_run_id=seen.run_id,
    )


def unknown(id_: UUID) -> PlannedRow:
    return PlannedRow(execution_id=id_, workflow_id=None, name=None, effects=(), not_undone=(), problem=NO_SUCH)


def _counted(sentences: Iterable[str]) -> tuple[Said, ...]:
    """What is true of most comes first."""
    return tuple(Said(sentence=sentence, count=count) for sentence, count in Counter(sentences).most_common())
