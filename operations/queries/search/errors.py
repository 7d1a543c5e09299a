"""Free text in the errors of ended executions: found by an index of trigrams, or by reading the errors in order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Uuid, and_, case, column, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.models import Execution
from operations.queries.narrowing import FINAL_STATUSES, Narrowing
from operations.queries.paging import COUNT_CAP, Conditions, Source, beside, matching
from operations.queries.search import terms
from operations.statuses import Status

FREQUENT = 60  #: of the sample; then a thousand are found sooner by reading the errors in order
NEAR = 10_000  #: the newest errors, which are read for that; a term as frequent as this is found in half of them

MOMENTS = (Execution.created_at, Execution.started_at, Execution.completed_at, Execution.duration)
FoundError = Row[UUID, datetime, datetime | None, datetime | None, timedelta | None]  #: an id, and those
FoundErrors = Select[UUID, datetime, datetime | None, datetime | None, timedelta | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Errors:
    """The executions of a list whose error contains a term."""

    sample: terms.Sample
    narrowing: Narrowing
    found: tuple[FoundError, ...] | None = None
    """Ids, and what lists are sorted by; None when these are not known, or too many."""
    near: int = NEAR

    async def looked_up(self, connection: AsyncConnection) -> Self:
        if len(self.sample.term) < terms.TRIGRAM or not self.narrowing.is_about(FINAL_STATUSES):
            return replace(self, found=())
        found: Sequence[FoundError] = ()
        if self.sample.matches >= FREQUENT:
            found = (await connection.execute(_among_newest(self.sample, self.narrowing, self.near))).all()
        if len(found) <= COUNT_CAP:  # it is not so frequent after all
            found = (await connection.execute(_any_of(self.sample, self.narrowing))).all()
        return replace(self, found=tuple(found))

    @property
    def exceed_cap(self) -> bool:
        return self.found is not None and len(self.found) > COUNT_CAP

    def beside(self, tenants: list[Source], narrowing: Narrowing) -> list[Source]:
        """Those of a part of the list, and those of the tenants that the term matches: one source or none."""
        if self.found is not None and not self.exceed_cap:
            return [*tenants, _these(self.found, narrowing)]
        if not self.sample.matches:
            return [*tenants, matching(*_indexed(self.sample), *_conditions(narrowing))]
        in_order = (*_unindexed(self.sample), *_conditions(narrowing), *_indexed_by_status(narrowing))
        return [beside(each, *in_order) for each in tenants] or [matching(*in_order)]


def newest_errors(narrowing: Narrowing) -> Select[str]:
    """The newest errors, as a sample. One that the list would not show is empty: it has to be passed over as well."""
    start = func.left(Execution.error_message, terms.SAMPLE_LENGTH)
    texts = select(case((and_(*_conditions(narrowing)), start), else_="")).where(Execution.error_message.is_not(None))
    return texts.order_by(Execution.created_at.desc(), Execution.id.desc()).limit(terms.SAMPLE)


def _these(found: tuple[FoundError, ...], narrowing: Narrowing) -> Source:
    ids = literal([row[0] for row in found], ARRAY(Uuid))
    moments = (literal([row[place] for row in found], ARRAY(each.type)) for place, each in enumerate(MOMENTS, start=1))
    columns = (column("id", Uuid), *(column(each.key, each.type) for each in MOMENTS))
    errors = func.unnest(ids, *moments).table_valued(*columns, name="errors").render_derived()
    conditions: list[ColumnElement[bool]] = []
    if narrowing.started is not None:
        conditions.append(errors.c.started_at.is_not(None) == narrowing.started)
    return lambda span: span.where(*conditions, rows=errors.c)


def _any_of(sample: terms.Sample, narrowing: Narrowing) -> FoundErrors:
    """One more than are counted, or all when there are not so many."""
    chosen = select(Execution.id, *MOMENTS).where(*_conditions(narrowing)).limit(COUNT_CAP + 1)
    return chosen.where(*_indexed(sample))


def _among_newest(sample: terms.Sample, narrowing: Narrowing, near: int) -> FoundErrors:
    """The same as far as the newest errors have them: what is frequent since an hour may be rare in all."""
    has_it = case((and_(*_unindexed(sample), *_conditions(narrowing)), True), else_=False).label("has_it")
    newest_first = (Execution.created_at.desc(), Execution.id.desc())
    read = select(Execution.id, *MOMENTS, has_it).where(Execution.error_message.is_not(None))
    newest = read.order_by(*newest_first).limit(near).subquery()
    columns = (newest.c[0], newest.c[1], newest.c[2], newest.c[3], newest.c[4])
    return select(*columns).where(newest.c.has_it).limit(COUNT_CAP + 1)


def _indexed(sample: terms.Sample) -> Conditions:
    """That an error contains the term: the work of the index of trigrams."""
    said = terms.contains(Execution.error_message, sample.term)
    if (part := sample.telling_part) == sample.term:
        return (said,)
    return terms.contains(Execution.error_message, part), terms.unindexed(said)


def _unindexed(sample: terms.Sample) -> Conditions:
    """The same, for errors that are read in order."""
    said = terms.contains(Execution.error_message, sample.term)
    return Execution.error_message.is_not(None), terms.unindexed(said)


def _indexed_by_status(narrowing: Narrowing) -> Conditions:
    """For the orders by start and end, whose indexes begin with the status; whoever has an error has failed."""
    return (Execution.status == Status.FAILED,) if narrowing.ended or narrowing.started is not None else ()


def _conditions(narrowing: Narrowing) -> Conditions:
    """The conditions of a list in a form for rows that have an error.

    Whoever has an error has failed, which PostgreSQL does not know: it would reckon with few such rows, and read the
    index of all failed ones for them. A CASE is opaque to it.
    """
    statuses = narrowing.wanted.statuses & FINAL_STATUSES or FINAL_STATUSES
    others = replace(narrowing, wanted=replace(narrowing.wanted, statuses=frozenset())).all_of()
    return (case((Execution.status.in_(sorted(statuses)), True), else_=False), *others)
