"""Lists and details of customers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, true, tuple_

from operations.database import Database
from operations.errors import TenantNotFound
from operations.models import Execution, Membership, Tenant, User
from operations.queries.paging import Cursor, Page, assemble, check_limit, count_up_to_cap
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
        place = None if cursor is None else Cursor.decode(cursor)
        conditions: Conditions = []
        if statuses:
            conditions.append(Tenant.status.in_(statuses))
        if term := search.strip():
            conditions.append((Tenant.slug + " " + Tenant.name).icontains(term, autoescape=True))
        chosen = select(Tenant.id, Tenant.created_at).where(*conditions)
        backward = place is not None and place.backward
        if place is not None:
            here, key = tuple_(place.value, place.id), tuple_(Tenant.created_at, Tenant.id)
            chosen = chosen.where(key > here if backward else key < here)
        order = [c.asc() if backward else c.desc() for c in (Tenant.created_at, Tenant.id)]
        ids = chosen.order_by(*order).limit(limit + 1).subquery()
        async with self.database.reading() as connection:
            rows = (await connection.execute(_viewed().join(ids, ids.c.id == Tenant.id).order_by(*order))).all()
            total = await connection.scalar(count_up_to_cap(select(Tenant.id).where(*conditions)))
        return assemble([_view(row) for row in rows], place, limit, total or 0)

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
