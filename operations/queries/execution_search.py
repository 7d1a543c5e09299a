"""Free text among executions: looked up in four places, each with its own index."""

from dataclasses import dataclass, replace

from sqlalchemy import CTE, ColumnElement, Select, case, func, not_, or_, select, true, union_all
from sqlalchemy.orm import aliased

from operations.models import Execution
from operations.queries import search
from operations.queries.narrowing import FINAL_STATUSES, OPEN_STATUSES, Narrowing
from operations.queries.paging import Conditions, Keys, Source, Span
from operations.statuses import Status

MOST_TENANTS = 100  #: of those that a term matches, the newest
MOST_NAMED = 1000  #: of the workflow ids that begin with a term, the first ones
SAMPLE, FREQUENT = 300, 30  #: a term is frequent when so many of the newest errors contain it


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where a term is found: in tenants, at the beginning of workflow ids, in errors and causes.

    Ended executions have an error, open ones a cause; each is looked up where it can be.
    """

    term: str
    tenants: CTE
    named: CTE
    sample: CTE

    @classmethod
    def of(cls, term: str) -> "Found":
        by_id = select(Execution).where(search.begins(Execution.workflow_id, term))
        return cls(
            term=term,
            tenants=_once(search.tenants(term, MOST_TENANTS), "found"),
            named=_once(by_id.order_by(Execution.workflow_id).limit(MOST_NAMED), "named"),
            sample=_once(_sample(term), "sample"),
        )

    @property
    def is_cut(self) -> ColumnElement[bool]:
        """Whether there are more tenants or workflow ids than are looked at."""
        counts = ((self.tenants, MOST_TENANTS), (self.named, MOST_NAMED))
        return or_(*(select(func.count()).select_from(cte).scalar_subquery() >= most for cte, most in counts))

    def sources(self, narrowing: Narrowing) -> tuple[Source, ...]:
        conditions, statuses = narrowing.all_of(), narrowing.wanted.statuses or frozenset(Status)
        named = aliased(Execution, self.named)
        of_named = narrowing.all_of(named)
        sources = [self._of_tenants(conditions), lambda span: span.where(*of_named, rows=named, loosely=True)]
        if len(self.term) >= search.TRIGRAM and statuses & FINAL_STATUSES:
            sources.append(self._by_error(narrowing))
        if len(self.term) >= search.TRIGRAM and statuses & OPEN_STATUSES:
            said = search.contains(Execution.cause_detail, self.term)
            sources.append(
                lambda span: span.where(said, Execution.status.in_(OPEN_STATUSES), *conditions, loosely=True)
            )
        return tuple(sources)

    def _by_error(self, narrowing: Narrowing) -> Source:
        said = search.contains(Execution.error_message, self.term)
        statuses = narrowing.wanted.statuses
        others = replace(narrowing, wanted=replace(narrowing.wanted, statuses=frozenset())).all_of()
        # Whoever has an error has failed, which PostgreSQL does not know: it would reckon with few such rows, and
        # read the index of all failed ones for them. A CASE is opaque to it.
        of_status = [case((Execution.status.in_(sorted(statuses)), True), else_=False)] if statuses else []
        conditions = (said, *of_status, *others)

        def source(span: Span) -> Keys:
            if span.ordered:
                return span.where(*conditions)
            # Any thousand will do: of a frequent term the newest are found soonest, of a rare one those that its
            # trigrams give. PostgreSQL would have to know how frequent it is; this looks.
            is_frequent = select(self.sample.c.matches).scalar_subquery() >= FREQUENT
            in_order = span.where(*conditions, is_frequent)
            in_any_order = span.where(*conditions, not_(is_frequent), loosely=True)
            both = union_all(in_order.subquery().select(), in_any_order.subquery().select()).subquery()
            return select(*both.c)

        return source

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


def _sample(term: str) -> Select[int]:
    """How many of the newest errors contain the term."""
    newest = select(Execution.error_message).where(Execution.error_message.is_not(None))
    errors = newest.order_by(Execution.created_at.desc(), Execution.id.desc()).limit(SAMPLE).cte("newest_errors")
    error = aliased(Execution, errors).error_message
    return select(func.count().label("matches")).where(search.contains(error, term))


def _once(statement: Select[*tuple[object, ...]], name: str) -> CTE:
    """Looked up once, and before the rest."""
    return statement.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")
