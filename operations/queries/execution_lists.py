"""Which indexes serve a list of executions: every view is made of parts that one index each has in order.

Several words for one column (`status IN (…)`) would make PostgreSQL sort everything that matches, so each word is
a part of its own and the parts are merged. Free text is looked up in four places, each with its own index.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import assert_never

from sqlalchemy import CTE, ColumnElement, Select, func, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from operations.models import Execution
from operations.queries import search
from operations.queries.execution_views import ExecutionFilter, Sort
from operations.queries.paging import COUNT_CAP, Conditions, Keys, Segment, Source, Span, matching
from operations.statuses import Status

OPEN_STATUSES = frozenset({Status.PENDING, Status.RUNNING})
FINAL_STATUSES = frozenset(Status) - OPEN_STATUSES
MOST_PARTS = 16  #: merged at a time; more words than that are looked up together, which may sort
MOST_TENANTS = 200  #: of those that a term matches, the newest
MOST_NAMED = 1000  #: of the workflow ids that begin with a term, the first ones

Rows = type[Execution]
Words = InstrumentedAttribute[Status] | InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


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

    def total(self) -> Select[int, bool]:
        """How many there are, at most one more than `COUNT_CAP`; and whether a search left something out."""
        ended_only = self.sort in (Sort.LATEST_COMPLETED, Sort.EARLIEST_COMPLETED)
        segment = self._completed() if ended_only else self._created(frozenset())
        keys = segment.some_keys(COUNT_CAP + 1).subquery()
        return select(func.count(), self._found.is_cut if self._found else literal(False)).select_from(keys)

    @cached_property
    def _found(self) -> "Found | None":
        term = search.usable(self.wanted.search)
        return Found.of(term) if term else None

    def _may_have(self, statuses: frozenset[Status]) -> bool:
        return not self.wanted.statuses or bool(self.wanted.statuses & statuses)

    def _created(self, among: frozenset[Status], *, ascending: bool = False) -> Segment:
        return Segment(moment=Execution.created_at, id=Execution.id, ascending=ascending, sources=self._sources(among))

    def _in_progress(self) -> Segment:
        return Segment(
            moment=Execution.last_progress_at, id=Execution.id, ascending=True, sources=self._sources(OPEN_STATUSES)
        )

    def _completed(self, *, ascending: bool = False) -> Segment:
        sources = self._sources(FINAL_STATUSES, ended=True) if self._may_have(FINAL_STATUSES) else (_nothing,)
        return Segment(moment=Execution.completed_at, id=Execution.id, ascending=ascending, sources=sources)

    def _sources(self, among: frozenset[Status], *, ended: bool = False) -> tuple[Source, ...]:
        """`among`: the statuses that this segment is about; none: all."""
        statuses = self.wanted.statuses & among if self.wanted.statuses and among else self.wanted.statuses or among
        narrowing = Narrowing(wanted=replace(self.wanted, statuses=statuses), ended=ended)
        if self._found is not None:
            return self._found.sources(narrowing)
        return tuple(matching(*part) for part in narrowing.parts())


def _nothing(span: Span) -> Keys:
    return span.where(Execution.id.is_(None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrowing:
    """What a filter says apart from its search."""

    wanted: ExecutionFilter
    ended: bool  #: said in so many words, so that the index of ended ones is recognised

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where a term is found: in tenants, at the beginning of workflow ids, in errors and causes.

    Ended executions have an error, open ones a cause; each is looked up where it can be.
    """

    term: str
    tenants: CTE
    named: CTE

    @classmethod
    def of(cls, term: str) -> "Found":
        by_id = select(Execution).where(search.begins(Execution.workflow_id, term))
        return cls(
            term=term,
            tenants=_once(search.tenants(term, MOST_TENANTS), "found"),
            named=_once(by_id.order_by(Execution.workflow_id).limit(MOST_NAMED), "named"),
        )

    @property
    def is_cut(self) -> ColumnElement[bool]:
        """Whether there are more tenants or workflow ids than are looked at."""
        counts = ((self.tenants, MOST_TENANTS), (self.named, MOST_NAMED))
        return or_(*(select(func.count()).select_from(cte).scalar_subquery() >= most for cte, most in counts))

    def sources(self, narrowing: Narrowing) -> tuple[Source, ...]:
        conditions = narrowing.all_of()
        named = aliased(Execution, self.named)
        sources = [self._of_tenants(conditions), matching(*narrowing.all_of(named), rows=named)]
        statuses = narrowing.wanted.statuses or frozenset(Status)
        if len(self.term) >= search.TRIGRAM and statuses & FINAL_STATUSES:
            sources.append(matching(search.contains(Execution.error_message, self.term), *conditions))
        if len(self.term) >= search.TRIGRAM and statuses & OPEN_STATUSES:
            said = search.contains(Execution.cause_detail, self.term)
            sources.append(matching(said, Execution.status.in_(OPEN_STATUSES), *conditions))
        return tuple(sources)

    def _of_tenants(self, conditions: Conditions) -> Source:
        """The first executions of each tenant, merged."""

        def source(span: Span) -> Keys:
            of_tenant = Execution.entity_id == self.tenants.c.id
            if not span.ordered:
                keys = select(span.segment.id, span.segment.moment)
                return keys.join(self.tenants, of_tenant).where(*conditions).limit(span.limit)
            each = span.where(of_tenant, *conditions).correlate(self.tenants).lateral("of_tenant")
            return span.first_of(select(*each.c).select_from(self.tenants.join(each, true())), *each.c)

        return source


def _once(statement: Select[*tuple[object, ...]], name: str) -> CTE:
    """Looked up once, and before the rest."""
    return statement.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")
