"""Executions by the dozen, and what is known of them after something was done to all of them."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection

from operations.access import Actor
from operations.bootstrap import Services
from operations.bulk.selections import ByIds
from operations.kinds import Deed
from operations.queries.bulk_views import BulkRowView, BulkView
from operations.statuses import Role, Status, TenantStatus
from tests import factories
from workbench.servers import eventually

OTTO = Actor(name="otto@example.com", role=Role.OPERATOR)


@dataclass(frozen=True, kw_only=True, slots=True)
class Many:
    """Rows written by plain SQL, and the services of one test."""

    services: Services
    connection: AsyncConnection
    task_queue: str

    async def failed(self, number: int) -> list[UUID]:
        """Provisionings that failed and can have another attempt."""
        return [await self._add(Status.FAILED, TenantStatus.FAILED) for _ in range(number)]

    async def pending(self, number: int) -> list[UUID]:
        """Provisionings that have not started."""
        return [await self._add(Status.PENDING, TenantStatus.PROVISIONING) for _ in range(number)]

    async def stuck_in_a_step(self, number: int) -> list[UUID]:
        """Running ones whose step could be tried now."""
        ids = [await self._add(Status.RUNNING, TenantStatus.PROVISIONING) for _ in range(number)]
        await self.connection.execute(
            "UPDATE workflow_executions SET health = 'stuck', cause = 'step_retrying', current_step = 'create_schema'"
            " WHERE id = ANY(%s)",
            (ids,),
        )
        return ids

    async def completed(self) -> UUID:
        return await self._add(Status.COMPLETED, TenantStatus.ACTIVE)

    async def waiting_for_approval(self, number: int) -> list[UUID]:
        ids = [await self._add(Status.RUNNING, TenantStatus.PROVISIONING) for _ in range(number)]
        for id_ in ids:
            await self.connection.execute(
                "INSERT INTO approval_requests (execution_id, expires_at) VALUES (%s, now() + interval '7 days')",
                (id_,),
            )
        return ids

    async def _add(self, status: Status, tenant_status: TenantStatus) -> UUID:
        tenant = await factories.add_tenant(self.connection, status=tenant_status)
        return await factories.add_execution(
            self.connection, status=status, entity_id=tenant, task_queue=self.task_queue
        )

    async def begin(self, ids: list[UUID], deed: Deed = Deed.RETRY, *, actor: Actor = OTTO) -> UUID:
        planned = await self.services.bulks.preview(actor, deed, self.chosen(ids))
        return await self.services.bulks.begin(actor, planned, "quota raised")

    def chosen(self, ids: list[UUID]) -> ByIds:
        return ByIds(ids=tuple(ids))

    async def advanced(self) -> None:
        """By one share, delivered, and its end written."""
        await self.services.bulks.runner.advance()
        await self.services.deliverer.deliver_due()
        await self.services.bulks.runner.advance()

    async def finished(self, id_: UUID) -> BulkView:
        """After everything was done and delivered."""

        async def look() -> BulkView:
            await self.services.bulks.runner.advance()
            await self.services.deliverer.deliver_due()
            return await self.bulk(id_)

        return await eventually(look, lambda bulk: bulk.finished_at is not None)

    async def bulk(self, id_: UUID) -> BulkView:
        return await self.services.reads.bulks.get(id_)

    async def rows(self, id_: UUID) -> list[BulkRowView]:
        """All of them, page by page."""
        found: list[BulkRowView] = []
        cursor: str | None = None
        while True:
            page = await self.services.reads.bulks.rows(id_, cursor=cursor, limit=200)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found

    async def queued(self) -> int:
        """How many commands are on their way."""
        found = await self.connection.execute("SELECT count(*) FROM commands WHERE state = 'queued'")
        (number,) = await found.fetchone() or (0,)
        return int(number)

    async def effects(self, ids: list[UUID]) -> Counter[UUID]:
        """How many commands each execution has had; of one that got a new attempt, the start of that."""
        rows = await self.connection.execute(
            "SELECT coalesce(e.retry_of, e.id) FROM commands c JOIN workflow_executions e ON e.id = c.execution_id"
            " WHERE coalesce(e.retry_of, e.id) = ANY(%s)",
            (ids,),
        )
        return Counter(UUID(str(row[0])) for row in await rows.fetchall())
