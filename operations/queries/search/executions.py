"""Free text among executions: looked up in five places, each with its own index."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, func, literal, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from operations.models import Execution
from operations.queries.narrowing import FINAL_STATUSES, OPEN_STATUSES, Narrowing
from operations.queries.paging import COUNT_CAP, Conditions, Keys, Source, Span, count_up_to_cap, matching
from operations.queries.search import terms
from operations.queries.search.errors import Errors, newest_errors

MOST_TENANTS = 100  #: of those that a term matches, the newest; then of those whose owner it finds
MOST_NAMED = 1000  #: of the workflow ids that begin with a term, the first ones
WHOLE_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where a term is found: in tenants, where workflow ids or owners' e-mails begin, in errors and causes.

    Ended executions have an error, open ones a cause. What every statement of a list would have to find again is
    found once.
    """

    term: str
    tenants: tuple[UUID, ...]
    named: int  #: how many workflow ids begin with the term; and whose own id it is
    errors: Errors
    exceeds_cap: bool  #: whether more executions are known to be found than are counted

    @classmethod
    async def of(cls, term: str, narrowing: Narrowing, connection: AsyncConnection) -> "Found":
        """In the executions of a list, which `narrowing` describes."""
        named, newest, words, owned = (await connection.execute(_first_look(term, narrowing))).one()
        matched = await connection.scalars(terms.tenants(term, MOST_TENANTS, newest))
        ids = tuple(dict.fromkeys([*matched, *owned]))[:MOST_TENANTS]
        number = await connection.scalar(_number_of(ids, narrowing)) or 0
        errors = Errors(sample=terms.Sample.of(term, words), narrowing=narrowing)
        if number <= COUNT_CAP:
            errors = await errors.looked_up(connection)
        return cls(
            term=term,
            tenants=ids,
            named=named,
            errors=errors,
            exceeds_cap=number > COUNT_CAP or errors.exceed_cap,
        )

    @property
    def is_cut(self) -> bool:
        """Whether there are more tenants or workflow ids than are looked at."""
        return len(self.tenants) >= MOST_TENANTS or self.named >= MOST_NAMED

    def sources(self, narrowing: Narrowing) -> tuple[Source, ...]:
        conditions = narrowing.all_of()
        sources = [self._of_tenants(conditions)] if self.tenants else []
        if len(self.term) >= terms.TRIGRAM and narrowing.is_about(FINAL_STATUSES):
            sources = self.errors.beside(sources, narrowing)
        if self.named:
            sources.append(self._by_name(narrowing))
        if len(self.term) >= terms.TRIGRAM and narrowing.is_about(OPEN_STATUSES):
            said = terms.contains(Execution.cause_detail, self.term)
            is_open = Execution.status.in_(OPEN_STATUSES)
            sources.append(lambda span: span.where(said, is_open, *conditions, loosely=True))
        return tuple(sources) or (matching(Execution.id.is_(None)),)

    def _of_tenants(self, conditions: Conditions) -> Source:
        """The first executions of each tenant, merged."""

        def source(span: Span) -> Keys:
            tenants = func.unnest(_ids(self.tenants)).table_valued("id", name="found").render_derived()
            of_tenant = Execution.entity_id == tenants.c.id
            if not span.ordered:
                keys = select(span.segment.id, span.segment.moment)
                return keys.join(tenants, of_tenant).where(*conditions).limit(span.limit)
            each = span.where(of_tenant, *conditions).correlate(tenants).lateral("of_tenant")
            return span.first_of(select(*each.c).select_from(tenants.join(each, true())), *each.c)

        return source

    def _by_name(self, narrowing: Narrowing) -> Source:
        named = aliased(Execution, _named(self.term).subquery("named"))
        conditions = narrowing.all_of(named)
        return lambda span: span.where(*conditions, rows=named, loosely=True)


def _named(term: str) -> Select[Execution]:
    """By the beginning of their workflow id; by their own id, as the address of their page has it, only whole."""
    by_id = select(Execution).where(terms.begins(Execution.workflow_id, term))
    by_id = by_id.order_by(Execution.workflow_id).limit(MOST_NAMED)
    if WHOLE_ID.fullmatch(term) is None:
        return by_id
    both = union_all(by_id.subquery().select(), select(Execution).where(Execution.id == UUID(term)))
    return select(aliased(Execution, both.subquery()))


def _number_of(tenants: tuple[UUID, ...], narrowing: Narrowing) -> Select[int]:
    conditions = (Execution.entity_id == any_(_ids(tenants)), *narrowing.all_of())
    return count_up_to_cap(select(Execution.id, Execution.created_at).where(*conditions).limit(COUNT_CAP + 1))


def _ids(tenants: tuple[UUID, ...]) -> ColumnElement[list[UUID]]:
    return literal(list(tenants), ARRAY(Uuid))


def _first_look(term: str, narrowing: Narrowing) -> Select[int, list[str], list[str], list[UUID]]:
    """How many workflow ids begin with the term; samples of what tenants are called, and of errors; owners' tenants."""
    return select(
        select(func.count()).select_from(_named(term).subquery()).scalar_subquery(),
        func.array(terms.newest_tenants().scalar_subquery()),
        func.array(newest_errors(narrowing).scalar_subquery()),
        func.array(terms.owned(term).scalar_subquery()),
    )
