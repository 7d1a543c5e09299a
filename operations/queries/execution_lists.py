"""Which indexes serve a list of executions: every view is made of parts that one index each has in order.

Several words for one column (`status IN (…)`) would make PostgreSQL sort everything that matches, so each word is
a part of its own and the parts are merged.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import assert_never

from sqlalchemy import Select, func, literal, select

from operations.models import Execution
from operations.queries import search
from operations.queries.execution_search import Found
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.narrowing import FINAL_STATUSES, OPEN_STATUSES, Narrowing
from operations.queries.paging import COUNT_CAP, Keys, Moment, Segment, Source, Span, matching
from operations.statuses import Status


@dataclass(frozen=True, kw_only=True)
class ExecutionList:
    """What a filter and an order ask for."""

    wanted: ExecutionFilter
    sort: Sort

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of attention the open executions come first; every other order is one segment."""
        match self.sort:
            case Sort.NEWEST | Sort.OLDEST:
                return (self._created(frozenset(), ascending=self.sort is Sort.OLDEST),)
            case Sort.LATEST_COMPLETED | Sort.EARLIEST_COMPLETED:
                return (self._completed(ascending=self.sort is Sort.EARLIEST_COMPLETED),)
            case Sort.ATTENTION:
                parts = [self._in_progress()] if self._may_have(OPEN_STATUSES) else []
                return (*parts, self._created(FINAL_STATUSES)) if self._may_have(FINAL_STATUSES) else tuple(parts)
            case _:
                assert_never(self.sort)

    @cached_property
    def total(self) -> Select[int, bool]:
        """How many there are, at most one more than `COUNT_CAP`; and whether a search left something out."""
        ended_only = self.sort in (Sort.LATEST_COMPLETED, Sort.EARLIEST_COMPLETED)
        segment = self._completed() if ended_only else self._created(frozenset())
        keys = segment.some_keys(COUNT_CAP + 1).subquery()
        return select(func.count(), self._found.is_cut if self._found else literal(False)).select_from(keys)

    @cached_property
    def _found(self) -> Found | None:
        term = search.usable(self.wanted.search)
        return Found.of(term) if term else None

    def _may_have(self, statuses: frozenset[Status]) -> bool:
        return not self.wanted.statuses or bool(self.wanted.statuses & statuses)

    def _created(self, among: frozenset[Status], *, ascending: bool = False) -> Segment:
        return self._segment(Execution.created_at, self._sources(among), ascending=ascending)

    def _in_progress(self) -> Segment:
        return self._segment(Execution.last_progress_at, self._sources(OPEN_STATUSES), ascending=True)

    def _completed(self, *, ascending: bool = False) -> Segment:
        sources = self._sources(FINAL_STATUSES, ended=True) if self._may_have(FINAL_STATUSES) else (_nothing,)
        return self._segment(Execution.completed_at, sources, ascending=ascending)

    def _segment(self, moment: Moment, sources: tuple[Source, ...], *, ascending: bool) -> Segment:
        overlaps = self._found is not None
        return Segment(moment=moment, id=Execution.id, ascending=ascending, sources=sources, overlaps=overlaps)

    def _sources(self, among: frozenset[Status], *, ended: bool = False) -> tuple[Source, ...]:
        """`among`: the statuses that this segment is about; none: all."""
        statuses = self.wanted.statuses & among if self.wanted.statuses and among else self.wanted.statuses or among
        narrowing = Narrowing(wanted=replace(self.wanted, statuses=statuses), ended=ended)
        if self._found is not None:
            return self._found.sources(narrowing)
        return tuple(matching(*part) for part in narrowing.parts())


def _nothing(span: Span) -> Keys:
    return span.where(Execution.id.is_(None))
