"""Every workflow that carries an OperationUUID is tracked, without a line of its author's."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from operations.bootstrap import Services
from operations.error_texts import LONGEST_ERROR
from operations.queries.execution_views import ExecutionDetail
from operations.statuses import CloseReason, Status, StepStatus
from operations.temporal import RunStatus, Start
from tests.factories import add_execution
from tests.integration.workers import strange_workflows
from workbench.servers import RunningWorker, eventually
from workers.tracking import plugin

HOSTILE = "nul \x00, right to left \u202e, <b>" + "x" * 10_000


@dataclass
class Kitchen:
    """Steps that fail as often as they are told to."""

    tries: Counter[str] = field(default_factory=Counter)

    @activity.defn
    async def grind(self, failures: int) -> None:
        self.tries["grind"] += 1
        if self.tries["grind"] <= failures:
            raise OSError(f"no beans, try {self.tries['grind']}")

    @activity.defn
    async def pour(self, _failures: int) -> None:
        self.tries["pour"] += 1

    @activity.defn
    async def spill(self) -> None:
        try:
            raise OSError("disk full")
        except OSError as error:
            raise ApplicationError("could not pour", type="Spilled", non_retryable=True) from error

    @activity.defn
    async def spill_everywhere(self) -> None:
        raise ApplicationError(HOSTILE, non_retryable=True)

    @activity.defn
    async def spill_half_a_character(self) -> None:
        raise ApplicationError("bean \udc80", type="Spilled", non_retryable=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """Starts the strange workflows as the outbox would, and looks at their rows."""

    services: Services
    connection: AsyncConnection
    task_queue: str

    async def begin(self, workflow: str, *arguments: object, by_others: bool = False) -> UUID:
        execution = await add_execution(self.connection, workflow_type=workflow, task_queue=self.task_queue)
        wanted = Start(
            workflow_id=(await self.look(execution)).execution.workflow_id,
            temporal_name=workflow,
            task_queue=self.task_queue,
            execution_id=execution,
            arguments=arguments,
            is_begun_by_others=by_others,
        )
        await self.services.temporal.start(wanted)
        return execution

    async def reports(self, execution: UUID) -> int:
        """How many of its own reports the history of a run that ended well has; the row knows of the end before it."""
        handle = await self.handle(execution)
        await handle.result()
        history = await handle.fetch_history()
        names = [event.marker_recorded_event_attributes.marker_name for event in history.events]
        return names.count("core_local_activity")

    async def look(self, execution: UUID) -> ExecutionDetail:
        return await self.services.reads.executions.detail(execution)

    async def until(self, execution: UUID, is_so: Callable[[ExecutionDetail], bool]) -> ExecutionDetail:
        return await eventually(lambda: self.look(execution), is_so)

    async def ended(self, execution: UUID) -> ExecutionDetail:
        return await self.until(execution, lambda seen: seen.execution.status.is_final)

    async def handle(self, execution: UUID) -> WorkflowHandle[object, object]:
        workflow_id = (await self.look(execution)).execution.workflow_id
        return self.services.temporal.client.get_workflow_handle(workflow_id)


@pytest.fixture
async def runs(services: Services, task_queue: str) -> AsyncIterator[Runs]:
    async with await AsyncConnection.connect(services.database.dsn, autocommit=True) as connection:
        yield Runs(services=services, connection=connection, task_queue=task_queue)


@pytest.fixture
async def kitchen(services: Services, temporal_address: str, task_queue: str) -> AsyncIterator[Kitchen]:
    async with cooking(services, temporal_address, task_queue) as working:
        yield working


@asynccontextmanager
async def cooking(services: Services, temporal_address: str, task_queue: str) -> AsyncIterator[Kitchen]:
    """A worker that knows the tracking plugin and the strange workflows, and nothing of Tenantry's own."""
    working = Kitchen()
    async with Worker(
        await Client.connect(temporal_address),
        task_queue=task_queue,
        workflows=strange_workflows.ALL,
        activities=[
            working.grind,
            working.pour,
            working.spill,
            working.spill_everywhere,
            working.spill_half_a_character,
        ],
        plugins=[plugin.tracking(services.database)],
    ):
        yield working


@pytest.mark.usefixtures("kitchen")
async def test_a_workflow_that_never_heard_of_tracking_is_tracked(runs: Runs) -> None:
    execution = await runs.begin("BrewCoffee", 0)

    done = await runs.ended(execution)

    row = done.execution
    assert (row.status, row.close_reason, row.error_message) == (Status.COMPLETED, None, None)
    assert row.started_at is not None
    assert row.completed_at is not None
    assert row.started_at <= row.completed_at
    assert [event.to_status for event in done.events] == [Status.PENDING, Status.RUNNING, Status.COMPLETED]
    assert [(step.ordinal, step.name, step.status, step.attempts) for step in done.steps] == [
        (1, "grind", StepStatus.COMPLETED, 1),
        (2, "pour", StepStatus.COMPLETED, 1),
    ]
    run = await runs.services.temporal.describe(row.workflow_id)
    assert run is not None
    assert row.run_id == run.run_id


async def test_a_step_that_fails_twice_shows_its_tries_and_its_error_and_the_run_completes(
    runs: Runs, kitchen: Kitchen
) -> None:
    execution = await runs.begin("BrewCoffee", 2)

    done = await runs.ended(execution)

    assert done.execution.status is Status.COMPLETED
    assert done.execution.error_message is None
    grinding, pouring = done.steps
    assert (grinding.attempts, grinding.status, grinding.error) == (3, StepStatus.COMPLETED, "OSError: no beans, try 2")
    assert grinding.next_try_at is None
    assert grinding.completed_at is not None
    assert pouring.error is None
    assert kitchen.tries == {"grind": 3, "pour": 1}


@pytest.mark.usefixtures("kitchen")
async def test_a_step_that_fails_on_shows_it_while_the_run_goes_on(runs: Runs) -> None:
    execution = await runs.begin("BrewCoffee", 1_000_000)

    stuck = await runs.until(
        execution, lambda seen: bool(seen.steps) and seen.steps[0].attempts >= 3 and seen.execution.cause is not None
    )

    assert stuck.execution.status is Status.RUNNING
    assert (stuck.execution.cause, stuck.execution.current_step) == ("step_retrying", "grind")
    assert "no beans" in (stuck.execution.cause_detail or "")
    assert "no beans" in (stuck.steps[0].error or "")
    await (await runs.handle(execution)).terminate()


@pytest.mark.usefixtures("kitchen")
async def test_a_failure_that_is_not_tried_again_fails_the_row_with_its_root_cause(runs: Runs) -> None:
    execution = await runs.begin("SpillCoffee", "spill")

    failed = await runs.ended(execution)

    row, [step] = failed.execution, failed.steps
    assert (row.status, row.close_reason) == (Status.FAILED, CloseReason.ERROR)
    assert row.error_message == step.error == "OSError: disk full"
    assert (step.status, step.attempts) == (StepStatus.FAILED, 1)


@pytest.mark.usefixtures("kitchen")
async def test_a_hostile_error_is_kept_as_text(runs: Runs) -> None:
    execution = await runs.begin("SpillCoffee", "spill_everywhere")

    failed = await runs.ended(execution)

    assert failed.execution.error_message == (HOSTILE.replace("\x00", "�")[: LONGEST_ERROR - 1] + "…")
    assert failed.steps[0].error == failed.execution.error_message


@pytest.mark.usefixtures("kitchen")
@pytest.mark.parametrize(
    ("workflow", "arguments", "words"),
    [("SpillCoffee", ["spill_half_a_character"], "Spilled: bean ?"), ("GarbleCoffee", [], "OSError: mil?")],
)
async def test_an_error_with_half_a_character_ends_the_run_like_any_other(
    runs: Runs, workflow: str, arguments: list[str], words: str
) -> None:
    execution = await runs.begin(workflow, *arguments)

    failed = await runs.ended(execution)

    with pytest.raises(WorkflowFailureError):  # and did not end otherwise, as Temporal knows a moment after the row
        await (await runs.handle(execution)).result()
    described = await (await runs.handle(execution)).describe()
    assert described.status is not None
    assert (failed.execution.error_message, described.status.name) == (words, "FAILED")


@pytest.mark.usefixtures("kitchen")
async def test_a_run_that_says_no_itself_is_rejected(runs: Runs) -> None:
    execution = await runs.begin("RefuseCoffee")

    row = (await runs.ended(execution)).execution

    assert (row.close_reason, row.error_message) == (CloseReason.REJECTED, "No coffee after six.")


@pytest.mark.usefixtures("kitchen")
async def test_a_bug_in_workflow_code_neither_fails_the_row_nor_flips_it(runs: Runs) -> None:
    execution = await runs.begin("MistakeCoffee")
    handle = await runs.handle(execution)

    async def failed_tasks() -> int:
        events = [event async for event in handle.fetch_history_events()]
        return sum(event.HasField("workflow_task_failed_event_attributes") for event in events)

    await eventually(failed_tasks, lambda number: number >= 1)

    seen = await runs.until(execution, lambda detail: detail.execution.status is Status.RUNNING)
    assert [event.to_status for event in seen.events] == [Status.PENDING, Status.RUNNING]
    run = await runs.services.temporal.describe(seen.execution.workflow_id)
    assert run is not None
    assert run.status is RunStatus.RUNNING
    await handle.terminate()


@pytest.mark.usefixtures("kitchen")
async def test_a_cancelled_run_is_told_from_one_that_failed(runs: Runs) -> None:
    execution = await runs.begin("AwaitCoffee")
    await runs.until(execution, lambda seen: seen.execution.status is Status.RUNNING)

    await (await runs.handle(execution)).cancel()

    row = (await runs.ended(execution)).execution
    assert (row.status, row.close_reason) == (Status.FAILED, CloseReason.CANCELED)


@pytest.mark.usefixtures("kitchen")
async def test_a_run_whose_start_says_that_others_report_its_beginning_reports_its_end_alone(runs: Runs) -> None:
    both, end_alone = await runs.begin("BrewCoffee", 0), await runs.begin("BrewCoffee", 0, by_others=True)

    seen = [await runs.ended(execution) for execution in (both, end_alone)]

    assert [detail.execution.status for detail in seen] == [Status.COMPLETED, Status.COMPLETED]
    assert [event.to_status for event in seen[1].events] == [Status.PENDING, Status.COMPLETED]
    assert [await runs.reports(execution) for execution in (both, end_alone)] == [2, 1]


@pytest.mark.parametrize("by_others", [False, True])
async def test_a_run_cancelled_before_any_worker_took_it_says_so(
    runs: Runs, services: Services, temporal_address: str, task_queue: str, by_others: bool
) -> None:
    execution = await runs.begin("AwaitCoffee", by_others=by_others)
    await (await runs.handle(execution)).cancel()

    async with cooking(services, temporal_address, task_queue):
        row = (await runs.ended(execution)).execution

    assert (row.status, row.close_reason) == (Status.FAILED, CloseReason.CANCELED)


@pytest.mark.usefixtures("kitchen")
async def test_a_run_without_an_operation_uuid_is_nobodys_business(runs: Runs) -> None:
    result = await runs.services.temporal.client.execute_workflow(
        "BrewCoffee", 0, id=f"private-{uuid4()}", task_queue=runs.task_queue
    )

    assert result == "coffee"
    found = await runs.connection.execute("SELECT count(*) FROM execution_steps")
    assert await found.fetchone() == (0,)


@pytest.mark.usefixtures("kitchen")
async def test_a_run_whose_row_was_deleted_goes_its_way(runs: Runs) -> None:
    execution = await add_execution(runs.connection, workflow_type="BrewCoffee", task_queue=runs.task_queue)
    await runs.connection.execute("DELETE FROM workflow_executions WHERE id = %s", (execution,))
    wanted = Start(
        workflow_id=f"test-{execution}",
        temporal_name="BrewCoffee",
        task_queue=runs.task_queue,
        execution_id=execution,
        arguments=(1,),
    )
    await runs.services.temporal.start(wanted)

    result = await runs.services.temporal.client.get_workflow_handle(f"test-{execution}").result()

    assert result == "coffee"


@pytest.mark.usefixtures("kitchen")
async def test_a_status_is_written_although_the_line_for_it_has_ended(runs: Runs) -> None:
    await runs.ended(await runs.begin("BrewCoffee", 0))
    ended = await runs.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'tenantry steps'"
    )
    assert await ended.fetchall() == [(True,)]

    done = await runs.ended(await runs.begin("BrewCoffee", 0))

    assert [event.to_status for event in done.events] == [Status.PENDING, Status.RUNNING, Status.COMPLETED]


async def test_a_run_goes_its_way_although_nothing_of_it_can_be_recorded(runs: Runs, kitchen: Kitchen) -> None:
    execution = await runs.begin("BrewCoffee", 0)
    workflow_id = (await runs.look(execution)).execution.workflow_id
    await runs.connection.execute("ALTER TABLE execution_steps RENAME TO gone")

    async with asyncio.timeout(20):
        result = await runs.services.temporal.client.get_workflow_handle(workflow_id).result()

    assert result == "coffee"
    assert kitchen.tries["pour"] == 1


@pytest.mark.usefixtures("kitchen")
async def test_what_a_run_raises_reaches_temporal_as_it_was(runs: Runs) -> None:
    execution = await runs.begin("RefuseCoffee")

    with pytest.raises(WorkflowFailureError) as failure:
        await (await runs.handle(execution)).result()

    assert isinstance(failure.value.cause, ApplicationError)
    assert (failure.value.cause.type, failure.value.cause.message) == ("Rejected", "No coffee after six.")


async def test_workflows_run_in_the_sandbox(worker: RunningWorker) -> None:
    assert isinstance(worker.worker.config()["workflow_runner"], SandboxedWorkflowRunner)
