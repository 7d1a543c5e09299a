"""The runs whose histories are recorded, each brought about as staff, customers and trouble would."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

from psycopg import AsyncConnection
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from operations import contracts
from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import Cause, Decision, Role
from operations.temporal import Run
from tests.integration.durability.gates import Gate, Gates
from workbench.servers import eventually, insisting

OPERATOR = Actor(name="operator@example.com", role=Role.OPERATOR)
WHY = "recorded for the tests"
CANCEL_REQUESTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
TIMER_STARTED = EventType.EVENT_TYPE_TIMER_STARTED
SOON = 0.5  # seconds that a deprovisioning waits


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A running product, with a worker of its own; `gates` stop steps where a scenario needs it."""

    services: Services
    gates: Gates

    async def register(self, slug: str, plan: str = "starter") -> Registered:
        slug = f"recorded-{slug}"
        registration = Registration(slug=slug, name=slug.title(), owner_email=f"owner-of-{slug}@example.com", plan=plan)
        return await self.services.tenants.register(OPERATOR, registration)

    async def until(self, execution: UUID, is_so: Callable[[ExecutionDetail], bool]) -> ExecutionDetail:
        return await eventually(lambda: self.services.reads.executions.detail(execution), is_so)

    async def closed(self, execution: UUID) -> WorkflowHistory:
        """The whole history: Temporal closes a run a moment after the run has reported its end."""
        name = (await self.until(execution, ended)).execution.workflow_id
        return await self.closed_run(name)

    async def closed_run(self, workflow_id: str) -> WorkflowHistory:
        async def look() -> Run | None:
            return await self.services.temporal.describe(workflow_id)

        await eventually(look, lambda run: run is not None and not run.status.is_open)
        return await self._history(workflow_id)

    async def waiting(self, execution: UUID, *, timers: int = 1) -> WorkflowHistory:
        """The history of a run that waits by its first timer, or a later one, up to there."""
        name = (await self.services.reads.executions.detail(execution)).execution.workflow_id
        await self.until(execution, lambda seen: seen.execution.run_id is not None)
        return await eventually(
            lambda: self._history(name),
            lambda history: [event.event_type for event in history.events].count(TIMER_STARTED) == timers,
        )

    async def execute(self, statement: str) -> None:
        """Change something past the product."""
        async with await AsyncConnection.connect(self.services.database.dsn, autocommit=True) as connection:
            await connection.execute(statement.encode())

    async def _history(self, workflow_id: str) -> WorkflowHistory:
        return await self.services.temporal.client.get_workflow_handle(workflow_id).fetch_history()


Scenario = Callable[[Stage], Awaitable[WorkflowHistory]]


def ended(seen: ExecutionDetail) -> bool:
    return seen.execution.status.is_final


async def success(stage: Stage) -> WorkflowHistory:
    return await stage.closed((await stage.register("success")).execution_id)


async def approval_waiting(stage: Stage) -> WorkflowHistory:
    return await stage.waiting((await stage.register("undecided", "enterprise")).execution_id)


async def approval_approved(stage: Stage) -> WorkflowHistory:
    return await _decided(stage, "approved", Decision.APPROVED)


async def approval_rejected(stage: Stage) -> WorkflowHistory:
    return await _decided(stage, "rejected", Decision.REJECTED)


async def _decided(stage: Stage, slug: str, decision: Decision) -> WorkflowHistory:
    execution = (await stage.register(slug, "enterprise")).execution_id
    await stage.waiting(execution)
    await stage.until(execution, lambda seen: seen.execution.cause == Cause.AWAITING_APPROVAL)
    await insisting(lambda: stage.services.executions.decide(OPERATOR, execution, decision, WHY))
    return await stage.closed(execution)


async def approval_cancelled(stage: Stage) -> WorkflowHistory:
    execution = (await stage.register("not-asked-any-more", "enterprise")).execution_id
    await stage.waiting(execution)
    await insisting(lambda: stage.services.executions.cancel(OPERATOR, execution, WHY))
    return await stage.closed(execution)


async def approval_signalled_in_vain(stage: Stage) -> WorkflowHistory:
    """Somebody sends the signal, and nothing was decided: the run looks and goes on waiting."""
    execution = (await stage.register("asked-in-vain", "enterprise")).execution_id
    waiting = await stage.waiting(execution)
    await stage.services.temporal.signal(waiting.workflow_id, waiting.run_id, contracts.DECIDED)
    return await stage.waiting(execution, timers=2)


async def failure_undone(stage: Stage) -> WorkflowHistory:
    """The owner is missing, which no repetition cures."""
    registered = await stage.register("ownerless", "enterprise")
    await stage.waiting(registered.execution_id)
    await stage.execute(f"DELETE FROM memberships WHERE tenant_id = '{registered.tenant_id}'")
    await insisting(lambda: stage.services.executions.decide(OPERATOR, registered.execution_id, Decision.APPROVED, WHY))
    return await stage.closed(registered.execution_id)


async def provisioning_cancelled(stage: Stage) -> WorkflowHistory:
    """In the middle of a step, which still ends and is then taken back."""
    registered = await _held_in(stage, "typed-wrongly", contracts.CREATE_SCHEMA)
    await insisting(lambda: stage.services.executions.cancel(OPERATOR, registered.execution_id, WHY))
    await _cancel_arrived(stage, registered.execution_id)
    await stage.gates.open_all()
    return await stage.closed(registered.execution_id)


async def cancelled_too_late(stage: Stage) -> WorkflowHistory:
    """While the tenant is switched on: the run completes all the same."""
    registered = await _held_in(stage, "too-late", contracts.ACTIVATE_TENANT)
    name = (await stage.services.reads.executions.detail(registered.execution_id)).execution.workflow_id
    run = await stage.services.temporal.describe(name)
    assert run is not None
    await stage.services.temporal.cancel(name, run.run_id, reason=WHY)
    await stage.gates.open_all()
    return await stage.closed(registered.execution_id)


async def _held_in(stage: Stage, slug: str, step: str) -> Registered:
    registered = await stage.register(slug, "enterprise")
    await stage.waiting(registered.execution_id)
    gate = await stage.gates.close(step, str(registered.tenant_id))
    await insisting(lambda: stage.services.executions.decide(OPERATOR, registered.execution_id, Decision.APPROVED, WHY))
    await eventually(gate.is_waited_for, bool)
    return registered


async def _cancel_arrived(stage: Stage, execution: UUID) -> None:
    """Until Temporal has been told, not only the outbox."""
    name = (await stage.services.reads.executions.detail(execution)).execution.workflow_id

    async def events() -> list[EventType.ValueType]:
        history = await stage.services.temporal.client.get_workflow_handle(name).fetch_history()
        return [event.event_type for event in history.events]

    await eventually(events, lambda seen: CANCEL_REQUESTED in seen)


async def step_retried(stage: Stage) -> WorkflowHistory:
    """The last step fails once by something that passes."""
    await stage.execute(FAIL_TO_ACTIVATE)
    execution = (await stage.register("patient")).execution_id
    await stage.until(execution, lambda seen: seen.execution.cause == Cause.STEP_RETRYING)
    await stage.execute("DROP FUNCTION fail_to_activate CASCADE")
    return await stage.closed(execution)


FAIL_TO_ACTIVATE = """
    CREATE FUNCTION fail_to_activate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'disk full' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER fail_to_activate BEFORE UPDATE ON tenants
    FOR EACH ROW WHEN (NEW.status = 'active') EXECUTE FUNCTION fail_to_activate()
"""


async def deprovisioning_waiting(stage: Stage) -> WorkflowHistory:
    return await stage.waiting(await _deprovision(stage, "thinks-again"))


async def deprovisioning_cancelled(stage: Stage) -> WorkflowHistory:
    execution = await _deprovision(stage, "stays")
    await stage.waiting(execution)
    await insisting(lambda: stage.services.executions.cancel(OPERATOR, execution, WHY))
    return await stage.closed(execution)


async def deprovisioned(stage: Stage) -> WorkflowHistory:
    return await stage.closed(await _deprovision(stage, "leaves", wait=SOON))


async def deprovisioning_cancelled_in_the_drop(stage: Stage) -> WorkflowHistory:
    """Somebody reads a table of the tenant, so that the drop fails and is tried again."""
    execution, gate = await _held_in_the_drop(stage, "stays-after-all")
    await stage.until(execution, lambda seen: seen.execution.cause == Cause.STEP_RETRYING)
    await insisting(lambda: stage.services.executions.cancel(OPERATOR, execution, WHY))
    await _cancel_arrived(stage, execution)
    await gate.open()
    return await stage.closed(execution)


async def deprovisioning_cancelled_too_late(stage: Stage) -> WorkflowHistory:
    """By Temporal's command line, when the tenant is half dropped."""
    execution, gate = await _held_in_the_drop(stage, "half-dropped")
    await stage.execute("UPDATE tenants SET status = 'dropping' WHERE slug = 'recorded-half-dropped'")
    name = (await stage.services.reads.executions.detail(execution)).execution.workflow_id
    run = await stage.services.temporal.describe(name)
    assert run is not None
    await stage.services.temporal.cancel(name, run.run_id, reason=WHY)
    await stage.until(execution, lambda seen: contracts.RESTORE_TENANT in [step.name for step in seen.steps])
    await gate.open()
    return await stage.closed(execution)


async def _held_in_the_drop(stage: Stage, slug: str) -> tuple[UUID, Gate]:
    registered = await stage.register(slug)
    await stage.closed(registered.execution_id)
    gate = await stage.gates.close(contracts.DELETE_TENANT, str(registered.tenant_id))
    tenants = replace(stage.services.tenants, deprovision_wait=SOON)
    execution = await tenants.deprovision(OPERATOR, registered.slug, WHY)
    await eventually(gate.is_waited_for, bool)
    return execution, gate


async def _deprovision(stage: Stage, slug: str, *, wait: float | None = None) -> UUID:
    registered = await stage.register(slug)
    await stage.closed(registered.execution_id)
    tenants = stage.services.tenants
    if wait is not None:
        tenants = replace(tenants, deprovision_wait=wait)
    return await tenants.deprovision(OPERATOR, registered.slug, WHY)


async def cleaned_up(stage: Stage) -> WorkflowHistory:
    """After a provisioning that was ended by force."""
    execution = (await stage.register("left-behind", "enterprise")).execution_id
    await stage.waiting(execution)
    await insisting(lambda: stage.services.executions.terminate(OPERATOR, execution, WHY))
    await stage.until(execution, ended)
    return await stage.closed(await insisting(lambda: stage.services.executions.clean_up(OPERATOR, execution, WHY)))


async def reconciliation(stage: Stage) -> WorkflowHistory:
    """As the schedule starts it: a run without a row of its own."""
    name = f"{contracts.SCHEDULE_ID}-recorded"
    await stage.services.temporal.client.start_workflow(
        contracts.RECONCILIATION, id=name, task_queue=stage.services.tenants.task_queue
    )
    return await stage.closed_run(name)


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        success,
        approval_waiting,
        approval_approved,
        approval_rejected,
        approval_cancelled,
        approval_signalled_in_vain,
        failure_undone,
        provisioning_cancelled,
        cancelled_too_late,
        step_retried,
        deprovisioning_waiting,
        deprovisioning_cancelled,
        deprovisioned,
        deprovisioning_cancelled_in_the_drop,
        deprovisioning_cancelled_too_late,
        cleaned_up,
        reconciliation,
    )
}
