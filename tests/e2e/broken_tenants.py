"""Tenants whose schema cannot be migrated until somebody mends what is wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import RetryPolicy, WorkflowExecution
from temporalio.api.workflowservice.v1 import UpdateActivityOptionsRequest

from operations.access import Actor
from operations.actions.registration import Registration
from operations.bootstrap import Services
from operations.contracts import MIGRATE_SCHEMA
from operations.queries.groups import GroupView
from operations.temporal import Temporal
from workbench.servers import eventually

FAULT = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'could not extend file: disk full' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER {name} BEFORE UPDATE OF schema_version ON tenants
        FOR EACH ROW WHEN (NEW.slug = '{slug}' AND NEW.schema_version IS NOT NULL) EXECUTE FUNCTION {name}();
"""

FAULT_OF_ALL = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'the quota of {name} is used up' USING ERRCODE = 'configuration_limit_exceeded'; END $$;
    CREATE TRIGGER {name} BEFORE UPDATE OF schema_version ON tenants FOR EACH ROW
        WHEN (NEW.slug LIKE '{prefix}-%' AND NEW.schema_version IS NOT NULL) EXECUTE FUNCTION {name}();
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A tenant whose schema cannot be migrated until `mend`."""

    slug: str
    execution_id: UUID
    connection: AsyncConnection

    @property
    def workflow_id(self) -> str:
        return f"tenant-provision-{self.slug}"

    @property
    def fault(self) -> str:
        return f"fault_{self.slug.replace('-', '_')}"

    async def fail(self, number: int, temporal: Temporal) -> int:
        """Let the step fail so often, one after the other, and then no more for an hour; returns how often it did."""
        await eventually(self._tries, lambda tries: tries > 0)
        await pause_between_tries(temporal, self.workflow_id, timedelta(milliseconds=250))
        await eventually(self._tries, lambda tries: tries >= number, within=90)
        failed = await put_to_rest(temporal, self.workflow_id)
        return await eventually(self._tries, lambda tries: tries == failed)

    async def _tries(self) -> int:
        """That have failed."""
        rows = await self.connection.execute(
            "SELECT attempts FROM execution_steps WHERE execution_id = %s AND status = 'retrying'",
            (self.execution_id,),
        )
        row = await rows.fetchone()
        return 0 if row is None else int(row[0])

    async def mend(self) -> None:
        await self.connection.execute(f"DROP FUNCTION IF EXISTS {self.fault}() CASCADE".encode())


async def put_to_rest(temporal: Temporal, workflow_id: str) -> int:
    """Let a step that keeps failing rest for an hour, unless somebody has it tried; returns how often it failed."""
    await pause_between_tries(temporal, workflow_id, timedelta(hours=1))
    handle = temporal.client.get_workflow_handle(workflow_id)

    async def at_rest() -> int:
        """How often it failed; 0 while a try is under way."""
        [step] = (await handle.describe()).raw_description.pending_activities
        return step.attempt - 1 if step.HasField("next_attempt_schedule_time") else 0

    return await eventually(at_rest, bool)


async def pause_between_tries(temporal: Temporal, workflow_id: str, pause: timedelta) -> None:
    """As an operator with Temporal's own tools changes the options of a step that keeps failing."""
    policy = RetryPolicy(backoff_coefficient=1.0)
    policy.initial_interval.FromTimedelta(pause)
    policy.maximum_interval.FromTimedelta(pause)
    request = UpdateActivityOptionsRequest(
        namespace=temporal.client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id),
        type=MIGRATE_SCHEMA,
        activity_options=ActivityOptions(retry_policy=policy),
    )
    request.update_mask.paths.append("retry_policy")
    await temporal.client.workflow_service.update_activity_options(request)


@asynccontextmanager
async def broken_tenant(beside: Services) -> AsyncIterator[Broken]:
    slug = f"full-{uuid4().hex[:8]}"
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connection:
        await connection.execute(FAULT.format(name=f"fault_{slug.replace('-', '_')}", slug=slug).encode())
        wanted = Registration(slug=slug, name=slug.capitalize(), owner_email=f"{slug}@stuck.example")
        registered = await beside.tenants.register(Actor.system("test"), wanted)
        made = Broken(slug=slug, execution_id=registered.execution_id, connection=connection)
        yield made
        await made.mend()


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenGroup:
    """New tenants whose schemas cannot be migrated, all by one fault, until `mend`."""

    name: str
    slugs: tuple[str, ...]
    connection: AsyncConnection
    group: GroupView

    async def rest(self, temporal: Temporal) -> None:
        """From now on none is tried unless somebody wants it: what is mended, they do not find out by themselves."""
        for slug in self.slugs:
            await put_to_rest(temporal, f"tenant-provision-{slug}")

    async def mend(self) -> None:
        await self.connection.execute(f"DROP FUNCTION IF EXISTS {self.name}() CASCADE".encode())


@asynccontextmanager
async def broken_group(beside: Services, number: int) -> AsyncIterator[BrokenGroup]:
    """So many, once all of them are known as one group."""
    prefix = f"night{uuid4().hex[:6]}"
    slugs = tuple(f"{prefix}-{each:02}" for each in range(number))
    name = "".join(chr(ord("a") + int(digit, 16)) for digit in prefix[5:])  # digits are no part of a signature
    async with await AsyncConnection.connect(beside.database.dsn, autocommit=True) as connection:
        await connection.execute(FAULT_OF_ALL.format(name=name, prefix=prefix).encode())
        for slug in slugs:
            wanted = Registration(slug=slug, name=slug.capitalize(), owner_email=f"{slug}@night.example")
            await beside.tenants.register(Actor.system("test"), wanted)

        async def look() -> GroupView | None:
            groups = (await beside.reads.groups.list()).items
            return next((group for group in groups if f"quota of {name} " in (group.signature or "")), None)

        group = await eventually(look, lambda found: found is not None and found.count == number, within=240)
        assert group is not None
        made = BrokenGroup(name=name, slugs=slugs, connection=connection, group=group)
        yield made
        await made.mend()
