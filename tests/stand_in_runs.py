"""Takes single steps as a worker would for a tracked run, without Temporal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from temporalio.testing import ActivityEnvironment

from operations import tenant_kinds
from operations.kinds import Kind
from tests.factories import add_execution
from workers.activities.admission import CurrentStep, current_step

StepT = TypeVar("StepT")
ResultT = TypeVar("ResultT")

LATEST = """
    SELECT id, workflow_id FROM workflow_executions
    WHERE entity_id = %s AND workflow_type = %s ORDER BY attempt DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class StandInRun:
    """A run as the fence sees it."""

    mark: CurrentStep

    @classmethod
    def of(
        cls,
        execution_id: UUID,
        workflow_id: str,
        *,
        temporal_type: str = tenant_kinds.PROVISIONING.temporal_name,
        run_id: str = "run",
    ) -> Self:
        return cls(
            mark=CurrentStep(
                execution_id=execution_id,
                ordinal=1,
                name="a step",
                workflow_id=workflow_id,
                workflow_type=temporal_type,
                run_id=run_id,
                scheduled_at=datetime.now(UTC),
            )
        )

    @classmethod
    async def about(cls, connection: AsyncConnection, tenant_id: UUID, kind: Kind = tenant_kinds.PROVISIONING) -> Self:
        """Of the tenant's latest execution of this kind; one is made where there is none."""
        latest = await (await connection.execute(LATEST, (tenant_id, kind.stored_name))).fetchone()
        if latest is None:
            await add_execution(connection, workflow_type=kind.stored_name, entity_id=tenant_id)
            latest = await (await connection.execute(LATEST, (tenant_id, kind.stored_name))).fetchone()
        assert latest is not None
        return cls.of(latest[0], latest[1], temporal_type=kind.temporal_name)

    async def take(
        self, step: Callable[[StepT], Awaitable[ResultT]], argument: StepT, *, name: str | None = None, ordinal: int = 1
    ) -> ResultT:
        token = current_step.set(replace(self.mark, name=name or step.__name__, ordinal=ordinal))
        try:
            return await ActivityEnvironment().run(step, argument)
        finally:
            current_step.reset(token)
