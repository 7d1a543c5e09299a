"""A step that Temporal gave up on may still be alive in a frozen worker. Whatever it does then, it writes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from psycopg import AsyncConnection
from temporalio.exceptions import ApplicationError

from operations import contracts
from operations.actions.tenants import Registered
from operations.contracts import TenantStep
from operations.statuses import Status, TenantStatus
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning
from tests.integration.durability.gates import Gates
from tests.stand_in_runs import StandInRun
from workbench.servers import eventually
from workers.activities import schemas
from workers.activities.sessions import Sessions
from workers.activities.tenants import TenantActivities


@dataclass(frozen=True, kw_only=True, slots=True)
class Zombie:
    """Takes single steps of a run with the marks that the run gave them, whatever became of the run."""

    activities: TenantActivities
    registered: Registered
    run: StandInRun

    async def create_schema(self) -> None:
        await self._take(contracts.CREATE_SCHEMA, 2, self.activities.create_schema)

    async def activate_tenant(self) -> None:
        await self._take(contracts.ACTIVATE_TENANT, 6, self.activities.activate_tenant)

    async def drop_schema(self) -> None:
        await self._take(contracts.DROP_SCHEMA, 7, self.activities.drop_schema)

    async def _take(self, name: str, ordinal: int, step: Callable[[TenantStep], Awaitable[object]]) -> None:
        argument = TenantStep(tenant_id=str(self.registered.tenant_id))
        await self.run.take(step, argument, name=name, ordinal=ordinal)


async def zombie(provisioning: Provisioning, sessions: Sessions, registered: Registered) -> Zombie:
    """Of the run that the row knows; of one that nobody has told it about, if it knows none."""
    row = (await provisioning.detail(registered.execution_id)).execution
    run = StandInRun.of(row.id, row.workflow_id, run_id=row.run_id or "run")
    return Zombie(activities=TenantActivities(sessions=sessions), registered=registered, run=run)


@pytest.mark.long
@pytest.mark.usefixtures("delivering")
async def test_a_step_of_a_terminated_run_writes_nothing(provisioning: Provisioning, sessions: Sessions) -> None:
    registered = await provisioning.register("frozen-and-ended")
    await eventually(
        lambda: provisioning.detail(registered.execution_id), lambda seen: seen.execution.status is Status.RUNNING
    )
    await provisioning.services.executions.terminate(OPERATOR, registered.execution_id, "customer left")
    await provisioning.ended(registered.execution_id)
    late = await zombie(provisioning, sessions, registered)

    with pytest.raises(ApplicationError, match="has ended"):
        await late.create_schema()
    with pytest.raises(ApplicationError, match="has ended"):
        await late.activate_tenant()

    assert not await provisioning.has_schema("frozen-and-ended")
    assert await provisioning.tenant_status("frozen-and-ended") is TenantStatus.FAILED


async def test_a_step_that_comes_after_it_was_taken_back_writes_nothing(
    provisioning: Provisioning, sessions: Sessions
) -> None:
    registered = await provisioning.register("taken-back")
    late = await zombie(provisioning, sessions, registered)
    await late.drop_schema()

    with pytest.raises(ApplicationError, match="is taking back what this step did"):
        await late.create_schema()
    with pytest.raises(ApplicationError, match="is taking back what this step did"):
        await late.activate_tenant()

    assert not await provisioning.has_schema("taken-back")
    assert await provisioning.tenant_status("taken-back") is TenantStatus.PROVISIONING


async def test_a_tenant_switched_on_while_its_schema_was_about_to_be_dropped_keeps_it(
    provisioning: Provisioning,
    sessions: Sessions,
) -> None:
    registered = await provisioning.register("just-in-time")
    async with await AsyncConnection.connect(provisioning.services.database.dsn) as connection:
        schema = (await provisioning.services.reads.tenants.by_slug("just-in-time")).schema_name
        await schemas.create(connection, schema, str(registered.tenant_id))
        await schemas.migrate(connection, schema, str(registered.tenant_id))
        await connection.execute("UPDATE tenants SET schema_version = '3' WHERE id = %s", (registered.tenant_id,))
    both = await zombie(provisioning, sessions, registered)
    async with Gates.at(provisioning.services.database.dsn) as gates:
        gate = await gates.close(contracts.DROP_SCHEMA, str(registered.tenant_id))
        dropping = asyncio.ensure_future(both.drop_schema())
        await eventually(gate.is_waited_for, bool)

        await both.activate_tenant()

        await gate.open()
        with pytest.raises(ApplicationError, match="its schema stays"):
            await dropping
    assert await provisioning.tenant_status("just-in-time") is TenantStatus.ACTIVE
    assert await provisioning.tables("just-in-time") == TABLES
