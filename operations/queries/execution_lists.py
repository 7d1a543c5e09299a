"""Which indexes serve a list of executions: every view is made of parts that one index each has in order.

Several words for one column (`status IN (…)`) would make PostgreSQL sort everything that matches, so each word is
a part of its own and the parts are merged.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import assert_never

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.models import Execution, Tenant
from operations.queries import search, unwatched
from operations.queries.by_tenant import NO_TENANT, along_tenants, are_among, of_these
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.narrowing import FINAL_STATUSES, OPEN_STATUSES, Narrowing
from operations.queries.paging import (
    COUNT_CAP,
    Duration,
    Keys,
    Moment,
    Name,
    Segment,
    Source,
    count_up_to_cap,
    matching,
)
from operations.queries.search import Found
from operations.statuses import Status

BY_TENANT = frozenset({Sort.TENANT, Sort.TENANT_BACKWARD})
OF_ENDED = frozenset({Sort.LATEST_COMPLETED, Sort.EARLIEST_COMPLETED, Sort.LONGEST, Sort.SHORTEST})


@dataclass(frozen=True, kw_only=True)
class ExecutionList:
    """What a filter and an order ask for; with a search term, what it was found in."""

    wanted: ExecutionFilter
    sort: Sort
    found: Found | None
    are_few: bool = False  #: no more than are counted; known where the order depends on it

    @classmethod
    async def asked_for(
        cls, wanted: ExecutionFilter, sort: Sort, connection: AsyncConnection, *, is_watched: bool = True
    ) -> "ExecutionList":
        if wanted.failures is not None and not wanted.statuses:
            wanted = replace(wanted, statuses=frozenset({Status.FAILED}))
        if not is_watched:
            wanted = unwatched.told(wanted)
        term = search.usable(wanted.search)
        if not term:
            listed = _unsearched(wanted, sort, are_few=False)
            if sort in BY_TENANT and await listed.total(connection) <= COUNT_CAP:
                return _unsearched(wanted, sort, are_few=True)
            return listed
        narrowing = Narrowing(wanted=wanted, ended=sort in OF_ENDED)
        return cls(wanted=wanted, sort=sort, found=await Found.of(term, narrowing, connection))

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """In the order of attention the troubled open executions come first, in that of starts those that started."""
        match self.sort:
            case Sort.NEWEST | Sort.OLDEST:
                return (self._created(frozenset(), ascending=self.sort is Sort.OLDEST),)
            case Sort.LATEST_COMPLETED | Sort.EARLIEST_COMPLETED:
                return (self._ended(Execution.completed_at, ascending=self.sort is Sort.EARLIEST_COMPLETED),)
            case Sort.LONGEST | Sort.SHORTEST:
                return (self._ended(Execution.duration, ascending=self.sort is Sort.SHORTEST),)
            case Sort.LATEST_STARTED | Sort.EARLIEST_STARTED:
                ascending = self.sort is Sort.EARLIEST_STARTED
                return self._started(ascending=ascending), self._unstarted(ascending=ascending)
            case Sort.TENANT | Sort.TENANT_BACKWARD:
                ascending = self.sort is Sort.TENANT
                return self._of_tenants(ascending=ascending), self._of_no_tenant(ascending=ascending)
            case Sort.ATTENTION:
                parts = self._in_progress() if self._may_have(OPEN_STATUSES) else ()
                return (*parts, self._created(FINAL_STATUSES)) if self._may_have(FINAL_STATUSES) else parts
            case _:
                assert_never(self.sort)

    @property
    def is_cut(self) -> bool:
        """Whether the search left something out."""
        return self.found is not None and self.found.is_cut

    async def total(self, connection: AsyncConnection) -> int:
        """How many there are, at most one more than `COUNT_CAP`."""
        if self.found is not None and self.found.exceeds_cap:
            return COUNT_CAP + 1
        return await connection.scalar(self._counted) or 0

    @cached_property
    def _counted(self) -> Select[int]:
        is_of_ended = self.sort in OF_ENDED
        segment = self._ended(Execution.completed_at) if is_of_ended else self._created(frozenset())
        return count_up_to_cap(segment.some_keys(COUNT_CAP + 1))

    def _may_have(self, statuses: frozenset[Status]) -> bool:
        return not self.wanted.statuses or bool(self.wanted.statuses & statuses)

    def _created(self, among: frozenset[Status], *, ascending: bool = False) -> Segment:
        return self._segment(Execution.created_at, self._sources(among), ascending=ascending)

    def _in_progress(self) -> tuple[Segment, ...]:
        """Those that make no progress and should, those that wait for people, then the others.

        Each part of a search would search again.
        """
        moment = Execution.last_progress_at
        whole = self._segment(moment, self._sources(OPEN_STATUSES), ascending=True)
        if self.found is not None:
            return (whole,)
        troubled, asking, others = (
            self._segment(moment, self._sources(OPEN_STATUSES, troubled=troubled, asking=asking), ascending=True)
            for troubled, asking in ((True, None), (False, True), (False, False))
        )
        # no index has the health and the cause of those in order of their progress
        return troubled, asking, replace(others, whole=whole)

    def _ended(self, moment: Moment | Duration, *, ascending: bool = False) -> Segment:
        sources = (
            self._sources(FINAL_STATUSES, ended=True)
            if self._may_have(FINAL_STATUSES)
            else (matching(Execution.id.is_(None)),)
        )
        return self._segment(moment, sources, ascending=ascending)

    def _started(self, *, ascending: bool) -> Segment:
        sources = self._sources(frozenset(Status), started=True)
        return self._segment(Execution.started_at, sources, ascending=ascending)

    def _unstarted(self, *, ascending: bool) -> Segment:
        sources = self._sources(frozenset(Status), started=False)
        return self._segment(Execution.created_at, sources, ascending=ascending)

    def _of_tenants(self, *, ascending: bool) -> Segment:
        """Along the tenants; few, and what a search has found, are put in that order."""
        is_sorted = self.are_few or self.found is not None
        source = of_these(self._counted_keys()) if is_sorted else along_tenants(self._everything().all_of())
        return self._segment(Tenant.slug, (source,), ascending=ascending)

    def _of_no_tenant(self, *, ascending: bool) -> Segment:
        those = self._everything().all_of() if self.found is None else (are_among(self._counted_keys()),)
        return self._segment(Execution.workflow_id, (matching(NO_TENANT, *those),), ascending=ascending)

    def _counted_keys(self) -> Keys:
        return self._created(frozenset()).some_keys(COUNT_CAP + 1)

    def _everything(self) -> Narrowing:
        return Narrowing(wanted=self.wanted, ended=False)

    def _segment(self, moment: Moment | Duration | Name, sources: tuple[Source, ...], *, ascending: bool) -> Segment:
        overlaps = self.found is not None
        return Segment(moment=moment, id=Execution.id, ascending=ascending, sources=sources, overlaps=overlaps)

    def _sources(
        self,
        among: frozenset[Status],
        *,
        ended: bool = False,
        started: bool | None = None,
        troubled: bool | None = None,
        asking: bool | None = None,
    ) -> tuple[Source, ...]:
        """`among`: the statuses that this segment is about; none: all."""
        statuses = self.wanted.statuses & among if self.wanted.statuses and among else self.wanted.statuses or among
        wanted = replace(self.wanted, statuses=statuses)
        narrowing = Narrowing(wanted=wanted, ended=ended, started=started, troubled=troubled, asking=asking)
        if self.found is not None:
            return self.found.sources(narrowing)
        return tuple(matching(*part) for part in narrowing.parts())


# Live pages ask for the same list again and again.
@lru_cache(maxsize=64)
def _unsearched(wanted: ExecutionFilter, sort: Sort, *, are_few: bool) -> ExecutionList:
    return ExecutionList(wanted=wanted, sort=sort, found=None, are_few=are_few)
