"""Lists and details of customers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, true

from operations.database import Database
from operations.errors import TenantNotFound
from operations.models import Execution, Membership, Tenant, User
from operations.queries.paging import COUNT_CAP, Cursor, Page, Segment, check_limit, count_up_to_cap, read_page
from operations.statuses import CloseReason, Health, Plan, Status, TenantStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantView:
    """A customer as lists and pages show it, with its latest execution."""

    id: UUID
    slug: str
    name: str
    plan: Plan
    status: TenantStatus
    schema_name: str
    owner_email: str | None
    created_at: datetime
    activated_at: datetime | None
    execution_id: UUID | None
    execution_status: Status | None
    execution_close_reason: CloseReason | None
    execution_health: Health | None


Conditions = list[ColumnElement[bool]]
NEWEST = Segment(moment=Tenant.created_at, id=Tenant.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenants:
    """Reads about customers."""

    database: Database

    async def list(
        self,
        *,
        statuses: frozenset[TenantStatus] = frozenset(),
        search: str = "",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[TenantView]:
        """A page, newest first. Raises `InvalidInput`."""
        check_limit(limit)
        conditions: Conditions = []
        if statuses:
            conditions.append(Tenant.status.in_(statuses))
        if term := search.strip():
            conditions.append((Tenant.slug + " " + Tenant.name).icontains(term, autoescape=True))
        async with self.database.reading() as connection:

            async def fetch(segment: Segment, place: Cursor | None, backward: bool, number: int) -> list[TenantView]:
                ids = segment.ids(place, backward=backward, limit=number).where(*conditions).subquery()
                statement = _viewed().join(ids, ids.c.id == Tenant.id).order_by(*segment.order(backward=backward))
                return [_view(row) for row in await connection.execute(statement)]

            items, after, before = await read_page((NEWEST,), fetch, _place, cursor=cursor, limit=limit)
            total = await connection.scalar(count_up_to_cap(select(Tenant.id).where(*conditions))) or 0
        return Page(
            items=tuple(items),
            next=after,
            previous=before,
            total=min(total, COUNT_CAP),
            total_capped=total > COUNT_CAP,
        )

    async def by_slug(self, slug: str) -> TenantView:
        """Raises `TenantNotFound`."""
        async with self.database.reading() as connection:
            row = (await connection.execute(_viewed().where(Tenant.slug == slug))).one_or_none()
        if row is None:
            raise TenantNotFound
        return _view(row)

    async def slug_is_taken(self, slug: str) -> bool:
        async with self.database.reading() as connection:
            return await connection.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None


def _viewed() -> Select[*tuple[object, ...]]:
    latest = (
        select(Execution.id, Execution.status, Execution.close_reason, Execution.health)
        .where(Execution.entity_id == Tenant.id)
        .order_by(Execution.created_at.desc(), Execution.id.desc())
        .limit(1)
        .lateral("latest")
    )
    owner = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == Tenant.id, Membership.role == "owner")
        .limit(1)
        .lateral("owner")
    )
    return (
        select(
            Tenant.id,
            Tenant.slug,
            Tenant.name,
            Tenant.plan,
            Tenant.status,
            Tenant.schema_name,
            owner.c.email.label("owner_email"),
            Tenant.created_at,
            Tenant.activated_at,
            latest.c.id.label("execution_id"),
            latest.c.status.label("execution_status"),
            latest.c.close_reason.label("execution_close_reason"),
            latest.c.health.label("execution_health"),
        )
        .select_from(Tenant)
        .outerjoin(latest, true())
        .outerjoin(owner, true())
    )


def _view(row: Row[*tuple[object, ...]]) -> TenantView:
    return TenantView(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping


def _place(index: int, tenant: TenantView) -> Cursor:
    return Cursor(segment=index, value=tenant.created_at, id=tenant.id)
