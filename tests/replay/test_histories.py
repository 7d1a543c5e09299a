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
from tests.replay.histories import WORKFLOWS, Recorded, history_of, judged, recorded
from tests.replay.scenarios import SCENARIOS, Stage
from workbench.servers import RunningWorker
from workers.tracking.headers import StepMark
from workers.tracking.runs import RunTracking

ALL = recorded()
FIRST, SECOND, *_ = recorded("success")  # versions of the provisioning
each_history = pytest.mark.parametrize("recorded_run", ALL, ids=lambda recorded_run: recorded_run.path.stem)


@each_history
async def test_a_recorded_run_could_go_on_with_this_version(recorded_run: Recorded) -> None:
    assert (await judged(recorded_run.history)).problem is None


@pytest.mark.parametrize("bad", bad_workflows.BAD_FOR_FIRST, ids=lambda bad: bad.__name__)
async def test_a_careless_change_is_noticed_in_a_run_of_the_first_version(bad: type) -> None:
    verdict = await judged(FIRST.history, [bad])

    assert verdict.breaks
    assert verdict.advice


@pytest.mark.parametrize("bad", bad_workflows.BAD_FOR_SECOND, ids=lambda bad: bad.__name__)
async def test_a_careless_change_is_noticed_in_a_run_of_the_second_version(bad: type) -> None:
    assert (await judged(SECOND.history, [bad])).breaks


@pytest.mark.parametrize(
    ("run", "same"),
    [
        (FIRST, bad_workflows.Unchanged),
        (FIRST, bad_workflows.Patched),
        (SECOND, bad_workflows.Patched),
        (SECOND, bad_workflows.PatchDeprecated),
    ],
)
async def test_what_is_written_another_way_and_does_the_same_is_no_change(run: Recorded, same: type) -> None:
    assert (await judged(run.history, [same])).problem is None


@pytest.mark.parametrize("bad", bad_workflows.UNSEEN, ids=lambda bad: bad.__name__)
async def test_another_question_of_the_same_name_is_noticed_which_temporals_own_replay_lets_pass(bad: type) -> None:
    waiting = history_up_to(FIRST.history, contracts.ADD_OWNER)
    plain = Replayer(workflows=[bad], interceptors=[RunTracking()])

    seen = await plain.replay_workflow(waiting, raise_on_replay_failure=False)
    verdict = await judged(waiting, [bad])

    assert seen.replay_failure is None
    assert verdict.problem == (
        "Asks another question: the step add_owner is asked with other arguments than in the history."
    )
    assert verdict.event_id == waiting.events[-1].event_id


async def test_the_workflows_of_a_package_that_is_gone_are_named() -> None:
    (run, *_) = recorded("deprovisioned")

    verdict = await judged(run.history, [bad_workflows.Unchanged])

    assert "not registered" in (verdict.problem or "")
    assert verdict.advice == "Install the package that brings this workflow, or let the run end first."


async def test_the_tracking_plugin_is_part_of_every_tracked_history() -> None:
    (run, *_) = recorded("success")

    result = await Replayer(workflows=WORKFLOWS).replay_workflow(run.history, raise_on_replay_failure=False)

    assert isinstance(result.replay_failure, NondeterminismError)


def test_every_scenario_is_recorded() -> None:
    assert {run.scenario for run in ALL} == set(SCENARIOS)


def test_every_workflow_of_the_worker_is_recorded() -> None:
    kinds = {event.workflow_type.name for run in ALL for event in _starts(run.history)}

    assert kinds >= {kind.temporal_name for kind in known()} | {contracts.RECONCILIATION}


def test_runs_that_report_their_beginning_and_runs_that_do_not_are_recorded() -> None:
    headers = {contracts.TRACKING_HEADER in start.header.fields for run in ALL for start in _starts(run.history)}

    assert headers == {False, True}


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

    assert (await judged(history_of(histories.scrubbed(history)))).problem is None


def test_a_new_recording_is_written_beside_the_old_one(tmp_path: Path) -> None:
    (run, *_) = recorded("success")

    written = [histories.write("success", run.history, tmp_path).name for _ in range(2)]

    assert written == ["success-1.json", "success-2.json"]
    assert (tmp_path / "success-2.json").read_text() == run.text


def history_up_to(history: WorkflowHistory, step: str) -> WorkflowHistory:
    """As it was when the run waited for its first try of a step."""
    names = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]
    return WorkflowHistory(history.workflow_id, history.events[: names.index(step) + 1])


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
