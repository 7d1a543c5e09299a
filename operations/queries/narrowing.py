"""The WHERE of a filter of executions, apart from its search."""

from dataclasses import dataclass
from itertools import product

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from operations.models import Execution
from operations.queries.execution_views import ExecutionFilter
from operations.queries.paging import Conditions
from operations.statuses import CloseReason, Status

OPEN_STATUSES = frozenset({Status.PENDING, Status.RUNNING})
FINAL_STATUSES = frozenset(Status) - OPEN_STATUSES
WANTED = frozenset(reason for reason in CloseReason if reason.is_wanted)
MOST_PARTS = 16  #: merged at a time; more words than that are looked up together, which may sort

Rows = type[Execution]
Words = InstrumentedAttribute[Status] | InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrowing:
    """A filter without its search term."""

    wanted: ExecutionFilter
    ended: bool  #: said in so many words, so that the index of ended ones is recognised
    started: bool | None = None  #: only those that have started, or have not; None: both

    def is_about(self, statuses: frozenset[Status]) -> bool:
        """Whether rows of these statuses can be among them."""
        return not self.wanted.statuses or bool(self.wanted.statuses & statuses)

    def all_of(self, rows: Rows = Execution) -> Conditions:
        statuses = frozenset(self.wanted.statuses)
        conditions: list[ColumnElement[bool]] = [rows.status.in_(sorted(statuses))] if statuses else []
        if self.wanted.superseded is not None and (not statuses or Status.FAILED in statuses):
            stands = _standing(rows, superseded=self.wanted.superseded)
            others = statuses - {Status.FAILED}
            conditions.append(or_(rows.status.in_(sorted(others)), stands) if others else stands)
        conditions += [column.in_(words) for column, words in self._words(rows)]
        return (*conditions, *self._ranges(rows))

    def parts(self) -> list[Conditions]:
        """One word of each column per part, as long as the parts are few."""
        superseded = self.wanted.superseded
        statuses = [is_one(status, superseded=superseded) for status in sorted(self.wanted.statuses)]
        if not statuses and superseded is not None:
            statuses = [_standing(Execution, superseded=superseded)]
        alternatives = [statuses] if statuses else []
        number = max(len(statuses), 1)
        for column, words in self._words(Execution):
            apart = number * len(words) <= MOST_PARTS
            number *= len(words) if apart else 1
            alternatives.append([column == word for word in words] if apart else [column.in_(words)])
        return [(*part, *self._ranges(Execution)) for part in product(*alternatives)]

    def _words(self, rows: Rows) -> list[tuple[Words, list[str]]]:
        """The columns of which the filter names words, apart from the status."""
        wanted = self.wanted
        named: list[tuple[Words, frozenset[str]]] = [
            (rows.workflow_type, wanted.workflow_types),
            (rows.health, frozenset(wanted.healths)),
            (rows.cause, wanted.causes),
        ]
        return [(column, sorted(words)) for column, words in named if words]

    def _ranges(self, rows: Rows) -> Conditions:
        wanted = self.wanted
        conditions: list[ColumnElement[bool]] = []
        if wanted.entity_id is not None:
            conditions.append(rows.entity_id == wanted.entity_id)
        if wanted.against_wishes:
            conditions.append(or_(rows.close_reason.is_(None), rows.close_reason.not_in(WANTED)))
        if wanted.signature is not None:
            conditions.append(rows.signature == wanted.signature)
        if wanted.created_from is not None:
            conditions.append(rows.created_at >= wanted.created_from)
        if wanted.created_to is not None:
            conditions.append(rows.created_at < wanted.created_to)
        if self.ended:
            conditions.append(rows.completed_at.is_not(None))
        if self.started is not None:
            conditions.append(rows.started_at.is_not(None) if self.started else rows.started_at.is_(None))
        return tuple(conditions)


def is_one(status: Status, *, superseded: bool | None) -> ColumnElement[bool]:
    """Whether an execution has the status; of failed ones, whether it is superseded: each an index's range.

    What is superseded has failed, which PostgreSQL does not know: told both, it would reckon with few such rows.
    """
    has_it = Execution.status == status
    if status is not Status.FAILED or superseded is None:
        return has_it
    stands = _standing(Execution, superseded=superseded)
    return stands if superseded else and_(has_it, stands)


def _standing(rows: Rows, *, superseded: bool) -> ColumnElement[bool]:
    return rows.superseded_by.is_not(None) if superseded else rows.superseded_by.is_(None)
