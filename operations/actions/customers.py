"""A customer whose row a transaction holds, with what a run for it needs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from operations.statuses import TenantStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """A tenant and the first of its owners."""

    id: UUID
    slug: str
    plan: str
    status: TenantStatus
    former_status: TenantStatus | None  #: of one that leaves
    activated_at: datetime | None
    owner: UUID | None

    @property
    def provisioning_arguments(self) -> tuple[str | None, ...]:
        """What a provisioning run is started with."""
        return str(self.id), None if self.owner is None else str(self.owner)

    @property
    def work_arguments(self) -> tuple[str | None, ...]:
        """What a run that neither makes nor removes is started with."""
        return (str(self.id),)


async def hold(connection: AsyncConnection, id_: UUID | None) -> Customer | None:
    """Its row stays locked until the transaction ends."""
    row = (await connection.execute(HOLD, {"id": id_})).one_or_none()
    if row is None:
        return None
    return Customer(
        id=row.id,
        slug=row.slug,
        plan=row.plan,
        status=TenantStatus(row.status),
        former_status=None if row.former_status is None else TenantStatus(row.former_status),
        activated_at=row.activated_at,
        owner=row.owner,
    )


HOLD = text(
    """
    SELECT t.id, t.slug, t.plan, t.status, t.former_status, t.activated_at,
           (SELECT m.user_id FROM memberships m WHERE m.tenant_id = t.id AND m.role = 'owner'
            ORDER BY m.created_at LIMIT 1) AS owner
    FROM tenants t WHERE t.id = CAST(:id AS uuid) FOR UPDATE
    """
)
