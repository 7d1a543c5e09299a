"""What fails, for a while or for good: the cause is kept in its own words, and nothing half-made stays behind."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection, sql
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from operations import contracts
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.error_texts import LONGEST_ERROR
from operations.statuses import CloseReason, Status, StepStatus, TenantStatus
from operations.temporal import RunStatus, Start
from tests.factories import add_execution
from tests.integration.durability.conftest import TABLES, Provisioning
from tests.integration.durability.gates import Gates
from workbench.servers import eventually, run_worker
from workers.activities import schemas
from workers.tracking import plugin
from workers.workflows.steps import run_step

HOSTILE = "<img src=x onerror=alert(1)> '; DROP TABLE tenants; -- =cmd() \u202e\u0000 \x1b[31m \U0001f4a5"
RAISE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is refused', TG_ARGV[0] USING ERRCODE = 'check_violation';
    END $$
"""


async def break_load(provisioning: Provisioning, registered: Registered) -> None:
    """The run is about a tenant that does not exist."""
    await provisioning.execute(
        "UPDATE workflow_executions SET input = %s::jsonb WHERE id = %s",
        json.dumps({"arguments": [str(uuid4())]}),
        registered.execution_id,
    )


async def break_create(provisioning: Provisioning, registered: Registered) -> None:
    """Somebody else has a schema of this name."""
    name = (await provisioning.services.reads.tenants.by_slug(registered.slug)).schema_name
    await provisioning.execute(f"CREATE SCHEMA {name}")
    await provisioning.execute(f"CREATE TABLE {name}.precious ()")


async def break_migrate(provisioning: Provisioning, registered: Registered) -> None:
    await refuse(provisioning, registered, "NEW.schema_version IS NOT NULL")


async def break_verify(provisioning: Provisioning, registered: Registered) -> None:
    """Somebody dropped a table of this tenant after its migrations were noted."""
    name = await migrated(provisioning, registered)
    await provisioning.execute(f"DROP TABLE {name}.settings")


async def break_add_owner(provisioning: Provisioning, registered: Registered) -> None:
    await provisioning.execute("DELETE FROM memberships WHERE tenant_id = %s", registered.tenant_id)


async def break_seed(provisioning: Provisioning, registered: Registered) -> None:
    """The migrations of this tenant were meddled with."""
    name = await migrated(provisioning, registered)
    await provisioning.execute(f"ALTER TABLE {name}.settings ADD CONSTRAINT none CHECK (key = '')")


async def migrated(provisioning: Provisioning, registered: Registered) -> str:
    """The tenant's schema, made before its run makes it."""
    name = (await provisioning.services.reads.tenants.by_slug(registered.slug)).schema_name
    async with await AsyncConnection.connect(provisioning.services.database.dsn) as connection:
        await schemas.create(connection, name, str(registered.tenant_id))
        await schemas.migrate(connection, name, str(registered.tenant_id))
    return name


async def break_activate(provisioning: Provisioning, registered: Registered) -> None:
    await refuse(provisioning, registered, "NEW.status = 'active'")


async def refuse(provisioning: Provisioning, registered: Registered, when: str) -> None:
    trigger = sql.SQL(
        "CREATE TRIGGER {} BEFORE UPDATE ON tenants FOR EACH ROW WHEN (NEW.id = {} AND {}) EXECUTE FUNCTION refuse({})"
    ).format(
        sql.Identifier(f"refuse-{registered.slug}"),
        sql.Literal(registered.tenant_id),
        sql.SQL(when),
        sql.Literal(registered.slug),
    )
    await provisioning.execute(trigger.as_string())


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakage:
    """A way in which one step fails for good, and the words that must remain of it."""

    step: str
    break_it: Callable[[Provisioning, Registered], Awaitable[None]]
    words: str


BREAKAGES = (
    Breakage(step=contracts.LOAD_TENANT, break_it=break_load, words="is about another tenant"),
    Breakage(step=contracts.CREATE_SCHEMA, break_it=break_create, words="does not carry this tenant's mark"),
    Breakage(step=contracts.MIGRATE_SCHEMA, break_it=break_migrate, words="broken-migrate-schema is refused"),
    Breakage(step=contracts.VERIFY_SCHEMA, break_it=break_verify, words="lacks the table settings"),
    Breakage(step=contracts.ADD_OWNER, break_it=break_add_owner, words="has no owner"),
    Breakage(step=contracts.SEED_DEFAULTS, break_it=break_seed, words='violates check constraint "none"'),
    Breakage(step=contracts.ACTIVATE_TENANT, break_it=break_activate, words="broken-activate-tenant is refused"),
)


async def test_a_permanent_failure_in_any_step_takes_the_schema_back_and_stays_the_error(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    await provisioning.execute(RAISE)
    runs = []
    for breakage in BREAKAGES:
        registered = await provisioning.register(f"broken-{breakage.step.replace('_', '-')}")
        await breakage.break_it(provisioning, registered)
        runs.append(registered)
    await provisioning.services.deliverer.deliver_due()

    async with run_worker(provisioning.services, temporal_address, task_queue):
        ends = await asyncio.gather(*(provisioning.ended(registered.execution_id) for registered in runs))

    for breakage, registered, end in zip(BREAKAGES, runs, ends, strict=True):
        assert end.execution.close_reason is CloseReason.ERROR
        assert breakage.words in (end.execution.error_message or "")
        assert next(step for step in end.steps if step.name == breakage.step).status is StepStatus.FAILED
        assert (await provisioning.closed_run(end.execution.workflow_id)).status is RunStatus.FAILED
        assert await provisioning.tenant_status(registered.slug) is TenantStatus.FAILED
        foreign = breakage.step == contracts.CREATE_SCHEMA
        assert await provisioning.tables(registered.slug) == (["precious"] if foreign else [])
        assert await provisioning.has_schema(registered.slug) is foreign


async def test_a_schema_that_cannot_be_taken_back_at_once_is_taken_back_later_under_the_first_error(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    registered = await provisioning.register("in-use")
    await break_seed(provisioning, registered)
    async with Gates.at(provisioning.services.database.dsn) as gates:
        gate = await gates.close(contracts.DROP_SCHEMA, str(registered.tenant_id))
        await provisioning.services.deliverer.deliver_due()

        async with run_worker(provisioning.services, temporal_address, task_queue):
            dropping = await eventually(
                lambda: provisioning.detail(registered.execution_id),
                lambda seen: seen.steps != () and seen.steps[-1].status is StepStatus.RETRYING,
            )
            await gate.open()
            end = await provisioning.ended(registered.execution_id)

    assert dropping.steps[-1].name == contracts.DROP_SCHEMA
    assert 'violates check constraint "none"' in (end.execution.error_message or "")
    assert not await provisioning.has_schema("in-use")


@pytest.mark.usefixtures("delivering")
async def test_a_transient_failure_is_shown_tried_again_and_forgotten(
    provisioning: Provisioning, temporal_address: str, task_queue: str
) -> None:
    await provisioning.execute(
        """
        CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
        END $$
        """
    )
    await provisioning.execute(
        "CREATE TRIGGER no_space BEFORE UPDATE OF schema_version ON tenants FOR EACH ROW EXECUTE FUNCTION be_full()"
    )
    registered = await provisioning.register("patient")

    async with run_worker(provisioning.services, temporal_address, task_queue):
        stuck = await eventually(
            lambda: provisioning.detail(registered.execution_id), lambda seen: seen.execution.cause == "step_retrying"
        )
        await provisioning.execute("DROP TRIGGER no_space ON tenants")
        end = await provisioning.ended(registered.execution_id)

    assert "No space left on device" in (stuck.execution.cause_detail or "")
    assert end.execution.status is Status.COMPLETED
    assert (end.execution.cause, end.execution.error_message) == (None, None)
    assert next(step for step in end.steps if step.name == contracts.MIGRATE_SCHEMA).attempts > 1
    assert await provisioning.tables("patient") == TABLES


@activity.defn(name="fail_with")
async def fail_with(words: str) -> None:
    raise ApplicationError(words, type="Disk<b>", non_retryable=True)


@workflow.defn(name="FailingWorkflow")
class FailingWorkflow:
    @workflow.run
    async def run(self, words: str) -> None:
        await run_step("fail_with", words, type(None))


@dataclass(slots=True)
class Faulty:
    """What the test-only workflow does next; outside the sandbox a workflow can read it."""

    is_broken: bool = True
    tries: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)


faulty = Faulty()


@workflow.defn(name="FaultyWorkflow")
class FaultyWorkflow:
    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(0.01)
        faulty.tries += 1
        if faulty.is_broken:
            raise KeyError("a bug in the workflow's code")
        return "repaired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Laboratory:
    """Runs workflows that the product does not have, tracked as its own."""

    services: Services
    address: str
    task_queue: str

    async def start(self, temporal_name: str, *arguments: object) -> tuple[UUID, str]:
        async with await AsyncConnection.connect(self.services.database.dsn) as connection:
            id_ = await add_execution(connection, workflow_type="test_only", task_queue=self.task_queue)
        start = Start(
            workflow_id=f"test-{id_}",
            temporal_name=temporal_name,
            task_queue=self.task_queue,
            execution_id=id_,
            arguments=arguments,
        )
        await self.services.temporal.start(start)
        return id_, start.workflow_id

    async def worker(self) -> Worker:
        return Worker(
            await Client.connect(self.address),
            task_queue=self.task_queue,
            workflows=[FailingWorkflow, FaultyWorkflow],
            activities=[fail_with],
            plugins=[plugin.tracking(self.services.database)],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )


@pytest.fixture
def laboratory(services: Services, temporal_address: str, task_queue: str) -> Laboratory:
    return Laboratory(services=services, address=temporal_address, task_queue=task_queue)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (HOSTILE, f"Disk<b>: {HOSTILE}".replace("\x00", "\ufffd")),
        ("é" * 10_000, f"Disk<b>: {'é' * 10_000}"[: LONGEST_ERROR - 1] + "…"),
        ("", "Disk<b>: Application error"),  # the words of the SDK
    ],
    ids=["hostile", "oversized", "empty"],
)
async def test_hostile_and_oversized_errors_are_kept_as_plain_text(
    provisioning: Provisioning, laboratory: Laboratory, words: str, kept: str
) -> None:
    async with await laboratory.worker():
        id_, workflow_id = await laboratory.start("FailingWorkflow", words)
        await provisioning.closed_run(workflow_id)

    kept_words = await provisioning.column("SELECT error_message FROM workflow_executions WHERE id = %s", id_)
    assert kept_words == [kept]
    assert await provisioning.column("SELECT status FROM workflow_executions WHERE id = %s", id_) == ["failed"]
    assert await provisioning.column("SELECT status FROM execution_steps WHERE execution_id = %s", id_) == ["failed"]


async def test_an_unexpected_exception_in_workflow_code_never_flips_the_row(
    provisioning: Provisioning, laboratory: Laboratory
) -> None:
    async with await laboratory.worker():
        id_, workflow_id = await laboratory.start("FaultyWorkflow")

        async def tries() -> int:
            return faulty.tries

        await eventually(tries, lambda seen: seen >= 2, within=40)
        broken_run = await provisioning.run(workflow_id)
        faulty.is_broken = False
        await eventually(
            lambda: provisioning.run(workflow_id), lambda run: run is not None and not run.status.is_open, within=40
        )

    assert broken_run is not None
    assert broken_run.status is RunStatus.RUNNING
    history = await provisioning.column(
        "SELECT to_status FROM execution_events WHERE execution_id = %s ORDER BY seq", id_
    )
    assert history == ["pending", "running", "completed"]
