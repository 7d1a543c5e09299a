"""The WHERE of a filter of executions, apart from its search."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import assert_never
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    and_,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from operations.models import BulkRow, Execution
from operations.queries.execution_views import ExecutionFilter
from operations.queries.paging import Conditions
from operations.queries.triaged import is_assigned, is_unacknowledged
from operations.statuses import Cause, CloseReason, Failure, Health, Status

OPEN_STATUSES = frozenset({Status.PENDING, Status.RUNNING})
FINAL_STATUSES = frozenset(Status) - OPEN_STATUSES
TROUBLE = frozenset({Health.STUCK, Health.DRIFT})  #: open ones that do not go on, and should
ASKING = frozenset({Cause.AWAITING_APPROVAL, Cause.STEP_PAUSED, Cause.RUN_PAUSED})  #: open ones that wait for people
#: In so many words, so that the indexes of failures are recognised.
WANTED: list[ColumnElement[CloseReason]] = [literal_column(f"'{reason}'") for reason in CloseReason if reason.is_wanted]
MOST_PARTS = 16  #: merged at a time; more words than that are looked up together, which may sort

Rows = type[Execution]
Words = InstrumentedAttribute[Status] | InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrowing:
    """A filter without its search term."""

    wanted: ExecutionFilter
    ended: bool  #: said in so many words, so that the index of ended ones is recognised
    started: bool | None = None  #: only those that have started, or have not; None: both
    troubled: bool | None = None  #: only those of a health in `TROUBLE`, or of another one; None: both

    asking: bool | None = None  #: only those of a cause in `ASKING`, or of another or none; None: both

    def is_about(self, statuses: frozenset[Status]) -> bool:
        """Whether rows of these statuses can be among them."""
        return not self.wanted.statuses or bool(self.wanted.statuses & statuses)

    def all_of(self, rows: Rows = Execution) -> Conditions:
        conditions: list[ColumnElement[bool]] = [false()] if self._is_void else self._of_statuses(rows)
        conditions += [column.in_(words) for column, words in self._words(rows)]
        return (*conditions, *self._ranges(rows))

    def parts(self) -> list[Conditions]:
        """One word of each column per part, as long as the parts are few."""
        statuses = [part for status in sorted(self.wanted.statuses) for part in self._of_status(status)]
        if (self.wanted.statuses and not statuses) or self._is_void:  # of failed ones, none
            return [(false(),)]
        alternatives = [statuses] if statuses else []
        number = max(len(statuses), 1)
        for column, words in self._words(Execution):
            apart = number * len(words) <= MOST_PARTS
            number *= len(words) if apart else 1
            alternatives.append([column == word for word in words] if apart else [column.in_(words)])
        return [(*part, *self._ranges(Execution)) for part in product(*alternatives)]

    def _of_statuses(self, rows: Rows) -> list[ColumnElement[bool]]:
        statuses, failures = self.wanted.statuses, self.wanted.failures
        if failures is None or (statuses and Status.FAILED not in statuses):
            return [rows.status.in_(sorted(statuses))] if statuses else []
        others = statuses - {Status.FAILED}
        kinds = [is_failure(failure, rows) for failure in sorted(failures)]
        return [or_(rows.status.in_(sorted(others)), *kinds) if others else or_(false(), *kinds)]

    def _of_status(self, status: Status) -> list[ColumnElement[bool]]:
        if status is Status.FAILED and self.wanted.failures is not None:
            return [is_failure(failure) for failure in sorted(self.wanted.failures)]
        return [Execution.status == status]

    @property
    def _healths(self) -> frozenset[Health]:
        """Those that rows may have; none: any."""
        named = self.wanted.healths
        if self.troubled is None or not (named or self.troubled):
            return named
        return (named or TROUBLE) & TROUBLE if self.troubled else named - TROUBLE

    @property
    def _causes(self) -> frozenset[str]:
        """Those that rows may have; none: any."""
        named = self.wanted.causes
        if self.asking is None or not (named or self.asking):
            return named
        return (named or ASKING) & ASKING if self.asking else named - ASKING

    @property
    def _is_void(self) -> bool:
        """The filter asks for healths or causes that these rows do not have."""
        wanted = self.wanted
        if wanted.told_healths is not None and not wanted.told_healths:
            return True
        return bool(wanted.healths and not self._healths) or bool(wanted.causes and not self._causes)

    def _words(self, rows: Rows) -> list[tuple[Words, list[str]]]:
        """The columns of which the filter names words, apart from the status."""
        wanted = self.wanted
        named: list[tuple[Words, frozenset[str]]] = [
            (rows.workflow_type, wanted.workflow_types),
            (rows.health, frozenset(self._healths)),
            (rows.cause, self._causes),
        ]
        return [(column, sorted(words)) for column, words in named if words]

    def _ranges(self, rows: Rows) -> Conditions:
        wanted = self.wanted
        conditions = [] if wanted.bulk_id is None else [rows.id == func.any(_touched(wanted.bulk_id))]
        if wanted.entity_id is not None:
            conditions.append(rows.entity_id == wanted.entity_id)
        if wanted.signature is not None:
            conditions.append(rows.signature == wanted.signature)
        if wanted.unacknowledged:
            conditions.append(is_unacknowledged(rows))
        if wanted.assignee_id is not None:
            conditions.append(is_assigned(wanted.assignee_id, rows))
        if wanted.created_from is not None:
            conditions.append(rows.created_at >= wanted.created_from)
        if wanted.created_to is not None:
            conditions.append(rows.created_at < wanted.created_to)
        if self.ended:
            conditions.append(rows.completed_at.is_not(None))
        if self.started is not None:
            conditions.append(rows.started_at.is_not(None) if self.started else rows.started_at.is_(None))
        return (*conditions, *self._others(rows))

    def _others(self, rows: Rows) -> Conditions:
        """What keeps out the troubled and those that ask, where the filter does not name healths and causes."""
        conditions: list[ColumnElement[bool]] = []
        if self.wanted.told_healths:
            is_open = rows.status.in_(sorted(OPEN_STATUSES))
            conditions.append(or_(is_open, rows.health.in_(sorted(self.wanted.told_healths))))
        if self.troubled is False and not self.wanted.healths:
            conditions.append(rows.health.not_in(sorted(TROUBLE)))
        if self.asking is False and not self.wanted.causes:
            conditions.append(or_(rows.cause.is_(None), rows.cause.not_in(sorted(ASKING))))
        return tuple(conditions)


def _touched(bulk_id: UUID) -> ColumnElement[Sequence[UUID]]:
    """As an array: the planner knows then that they are few, and looks them up."""
    of_bulk = BulkRow.bulk_id == bulk_id
    rows = select(BulkRow.execution_id.label("id")).where(of_bulk)
    attempts = select(BulkRow.successor_id).where(of_bulk, BulkRow.successor_id.is_not(None))
    touched = union_all(rows, attempts).subquery()
    return cast(select(func.array_agg(touched.c.id)).scalar_subquery(), ARRAY(Uuid))


def is_failure(failure: Failure, rows: Rows = Execution) -> ColumnElement[bool]:
    """Whether an execution failed, and this became of it: a range of an index of its own.

    Nothing of it is true of what has not failed, which PostgreSQL does not know: told the status, too, it would reckon
    with few such rows.
    """
    match failure:
        case Failure.STANDING:
            return and_(rows.superseded_by.is_(None), rows.close_reason.not_in(WANTED))
        case Failure.CALLED_OFF:
            return and_(rows.superseded_by.is_(None), rows.close_reason.in_(WANTED))
        case Failure.SUPERSEDED:
            return rows.superseded_by.is_not(None)
        case _:
            assert_never(failure)
