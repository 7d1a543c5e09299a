"""The WHERE of a filter of executions, apart from its search."""

from dataclasses import dataclass
from itertools import product

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from operations.models import Execution
from operations.queries.execution_views import ExecutionFilter
from operations.queries.paging import Conditions
from operations.statuses import Status

OPEN_STATUSES = frozenset({Status.PENDING, Status.RUNNING})
FINAL_STATUSES = frozenset(Status) - OPEN_STATUSES
MOST_PARTS = 16  #: merged at a time; more words than that are looked up together, which may sort

Rows = type[Execution]
Words = InstrumentedAttribute[Status] | InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrowing:
    """A filter without its search term."""

    wanted: ExecutionFilter
    ended: bool  #: said in so many words, so that the index of ended ones is recognised

    def is_about(self, statuses: frozenset[Status]) -> bool:
        """Whether rows of these statuses can be among them."""
        return not self.wanted.statuses or bool(self.wanted.statuses & statuses)

    def all_of(self, rows: Rows = Execution) -> Conditions:
        words = (column.in_(words) for column, words in self._words(rows))
        return (*words, *self._ranges(rows))

    def parts(self) -> list[Conditions]:
        """One word of each column per part, as long as the parts are few."""
        alternatives: list[list[ColumnElement[bool]]] = []
        number = 1
        for column, words in self._words(Execution):
            apart = number * len(words) <= MOST_PARTS
            number *= len(words) if apart else 1
            alternatives.append([column == word for word in words] if apart else [column.in_(words)])
        return [(*part, *self._ranges(Execution)) for part in product(*alternatives)]

    def _words(self, rows: Rows) -> list[tuple[Words, list[str]]]:
        """The columns of which the filter names words."""
        wanted = self.wanted
        named: list[tuple[Words, frozenset[str]]] = [
            (rows.status, frozenset(wanted.statuses)),
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
        if wanted.created_from is not None:
            conditions.append(rows.created_at >= wanted.created_from)
        if wanted.created_to is not None:
            conditions.append(rows.created_at < wanted.created_to)
        if self.ended:
            conditions.append(rows.completed_at.is_not(None))
        return tuple(conditions)
