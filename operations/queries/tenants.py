"""Lists and details of tenants."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Uuid, any_, literal, select, true

from operations.database import Database
from operations.errors import TenantNotFound
from operations.models import Execution, Membership, Tenant, User
from operations.queries import search as terms
from operations.queries.paging import Conditions, Moment, Name, Page, Segment, check_limit, matching
from operations.queries.plain_lists import page_of
from operations.statuses import CloseReason, Health, Plan, Status, TenantStatus


class TenantSort(StrEnum):
    """Orders in which tenants can be listed."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    SLUG = "slug"
    SLUG_BACKWARD = "-slug"


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
    due_at: datetime | None  #: of a tenant that leaves: before that moment nothing of it is dropped
    execution_id: UUID | None
    execution_type: str | None
    execution_status: Status | None
    execution_close_reason: CloseReason | None
    execution_ending: str | None  #: how a failed one ended, as its row tells it
    execution_health: Health | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantQueries:
    """Reads about customers."""

    database: Database

    async def list(
        self,
        *,
        statuses: frozenset[TenantStatus] = frozenset(),
        search: str = "",
        sort: TenantSort = TenantSort.NEWEST,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[TenantView]:
        """A page in the given order. Raises `InvalidInput`."""
        check_limit(limit)
        term = terms.usable(search)
        async with self.database.reading() as connection:
            owned = tuple(await connection.scalars(terms.owned(term))) if term else ()
            listed = _listed(statuses, term, owned, sort)
            page = await page_of(connection, listed, _viewed(), _view, cursor=cursor, limit=limit)
        return replace(page, total_capped=page.total_capped or len(owned) >= terms.MOST_OWNERS)

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


def _listed(statuses: frozenset[TenantStatus], term: str, owned: tuple[UUID, ...], sort: TenantSort) -> Segment:
    """One part per status, as each status is one range of an index; what a term matches is counted in any order."""
    found: Conditions = (terms.matches_tenant(term),) if term else ()
    parts: list[Conditions] = [(Tenant.status == status,) for status in sorted(statuses)] or [()]
    sources = [matching(*part, *found, loosely=bool(term)) for part in parts]
    if owned:
        is_owned = Tenant.id == any_(literal(list(owned), ARRAY(Uuid)))
        sources += [matching(*part, is_owned, loosely=True) for part in parts]
    match sort:
        case TenantSort.NEWEST | TenantSort.OLDEST:
            moment: Moment | Name = Tenant.created_at
        case TenantSort.SLUG | TenantSort.SLUG_BACKWARD:
            moment = Tenant.slug
        case _:
            assert_never(sort)
    return Segment(
        moment=moment,
        id=Tenant.id,
        ascending=sort in (TenantSort.OLDEST, TenantSort.SLUG),
        sources=tuple(sources),
        overlaps=bool(owned),
    )


def _viewed() -> Select[*tuple[object, ...]]:
    latest = (
        select(
            Execution.id,
            Execution.workflow_type,
            Execution.status,
            Execution.close_reason,
            Execution.error_message,
            Execution.health,
        )
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
            Tenant.due_at,
            latest.c.id.label("execution_id"),
            latest.c.workflow_type.label("execution_type"),
            latest.c.status.label("execution_status"),
            latest.c.close_reason.label("execution_close_reason"),
            latest.c.error_message.label("execution_ending"),
            latest.c.health.label("execution_health"),
        )
        .select_from(Tenant)
        .outerjoin(latest, true())
        .outerjoin(owner, true())
    )


def _view(row: Row[*tuple[object, ...]]) -> TenantView:
    return TenantView(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
