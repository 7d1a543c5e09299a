"""Runs in flight survive a deployment: this version's workflows go every way that a recorded run went."""

import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes, WorkflowExecutionStartedEventAttributes
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from operations import contracts
from operations.bootstrap import Services
from operations.kinds import known
from operations.temporal import OPERATION_UUID
from tests.integration.durability.gates import Gates
from tests.replay import bad_workflows, histories
from tests.replay.histories import WORKFLOWS, Recorded, breaks, history_of, recorded
from tests.replay.scenarios import SCENARIOS, Stage
from workbench.servers import RunningWorker
from workers.tracking.headers import StepMark

ALL = recorded()
each_history = pytest.mark.parametrize("recorded_run", ALL, ids=lambda recorded_run: recorded_run.path.stem)


@each_history
async def test_a_recorded_run_could_go_on_with_this_version(recorded_run: Recorded) -> None:
    assert await breaks(recorded_run.history) is None


@pytest.mark.parametrize("bad", bad_workflows.BAD, ids=lambda bad: bad.__name__)
async def test_a_careless_change_is_noticed(bad: type) -> None:
    (run, *_) = recorded("success")

    assert isinstance(await breaks(run.history, [bad]), NondeterminismError)


async def test_what_is_written_another_way_and_does_the_same_is_no_change() -> None:
    (run, *_) = recorded("success")

    assert await breaks(run.history, [bad_workflows.Unchanged]) is None


async def test_the_tracking_plugin_is_part_of_every_tracked_history() -> None:
    (run, *_) = recorded("success")

    result = await Replayer(workflows=WORKFLOWS).replay_workflow(run.history, raise_on_replay_failure=False)

    assert isinstance(result.replay_failure, NondeterminismError)


def test_every_scenario_is_recorded() -> None:
    assert {run.scenario for run in ALL} == set(SCENARIOS)


def test_every_workflow_of_the_worker_is_recorded() -> None:
    kinds = {event.workflow_type.name for run in ALL for event in _starts(run.history)}

    assert kinds >= {kind.temporal_name for kind in known()} | {contracts.RECONCILIATION}


async def test_every_step_and_signal_that_a_run_in_flight_may_ask_for_is_still_there(worker: RunningWorker) -> None:
    steps = {step.activity_type.name for run in ALL for step in _steps(run.history)}
    signals = {signal for run in ALL for signal in _signals(run.history)}

    assert steps - set(_inputs(worker)) == set()
    assert signals == {contracts.DECIDED}


@each_history
async def test_a_step_that_was_scheduled_before_the_deployment_understands_its_input_and_header(
    recorded_run: Recorded, worker: RunningWorker
) -> None:
    (start,) = _starts(recorded_run.history)
    uuid = start.search_attributes.indexed_fields.get(OPERATION_UUID.name)
    execution = None if uuid is None else json.loads(uuid.data)

    for ordinal, step in enumerate(_steps(recorded_run.history), start=1):
        await DataConverter().decode(step.input.payloads, _inputs(worker)[step.activity_type.name])
        mark = StepMark.from_headers(step.header.fields)
        seen = None if mark is None else (str(mark.execution_id), mark.ordinal)
        assert seen == (None if execution is None else (execution, ordinal))


@each_history
def test_a_recorded_history_names_no_person_and_no_machine(recorded_run: Recorded) -> None:
    readable = recorded_run.text + "".join(_payloads(recorded_run.history))

    assert histories.identities(recorded_run.text) == {histories.RECORDER}
    # Temporal makes the name of a worker's sticky queue of its identity and a number.
    assert {re.sub(r"-[0-9a-f]{32}$", "", each) for each in re.findall(r"@([\w.-]+\w)", readable)} == {"example.com"}
    assert re.findall(r"stackTrace|site-packages|/\w+/\w+|\w\.py\b", readable) == []


@pytest.fixture
async def stage(services: Services) -> AsyncIterator[Stage]:
    async with Gates.at(services.database.dsn) as gates:
        yield Stage(services=services, gates=gates)


@pytest.mark.long
@pytest.mark.usefixtures("delivering", "worker")
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_scenario_can_be_recorded_again_and_replays(stage: Stage, scenario: str) -> None:
    history = await SCENARIOS[scenario](stage)

    assert await breaks(history_of(histories.scrubbed(history))) is None


def test_a_new_recording_is_written_beside_the_old_one(tmp_path: Path) -> None:
    (run, *_) = recorded("success")

    written = [histories.write("success", run.history, tmp_path).name for _ in range(2)]

    assert written == ["success-1.json", "success-2.json"]
    assert (tmp_path / "success-2.json").read_text() == run.text


def _starts(history: WorkflowHistory) -> Iterator[WorkflowExecutionStartedEventAttributes]:
    for event in history.events:
        if event.HasField("workflow_execution_started_event_attributes"):
            yield event.workflow_execution_started_event_attributes


def _steps(history: WorkflowHistory) -> Iterator[ActivityTaskScheduledEventAttributes]:
    for event in history.events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            yield event.activity_task_scheduled_event_attributes


def _signals(history: WorkflowHistory) -> set[str]:
    named = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    return set(filter(None, named))


def _inputs(worker: RunningWorker) -> dict[str, list[type]]:
    """What each of the worker's activities takes, by its name in Temporal."""
    definitions = [activity._Definition.must_from_callable(each) for each in worker.worker.config()["activities"]]
    return {definition.name or "": definition.arg_types or [] for definition in definitions}


def _payloads(history: WorkflowHistory) -> Iterator[str]:
    """Whatever people or code wrote into the run, in clear."""
    for encoded in re.findall(r'"data": "([^"]*)"', history.to_json()):
        yield base64.b64decode(encoded).decode()
