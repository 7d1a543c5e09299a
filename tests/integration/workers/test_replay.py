"""The gate before a deploy, on runs in flight and from the command line."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest

from operations.access import Actor
from operations.actions.registration import Registration
from operations.actions.tenants import Registered
from operations.bootstrap import Services
from operations.temporal import RunStatus
from tests.replay import bad_workflows, histories
from workbench.servers import environment, eventually, run_worker
from workers.replay import gate
from workers.replay.gate import OpenRuns
from workers.replay.verdicts import Verdict

ROOT = Path(__file__).parents[3]
NOBODY = {"TEMPORAL_ADDRESS": "127.0.0.1:1"}


async def register(services: Services, actor: Actor, slug: str) -> Registered:
    """A run that waits for a decision."""
    registration = Registration(slug=slug, name=slug, owner_email=f"{slug}@example.com", plan="enterprise")
    return await services.tenants.register(actor, registration)


async def waiting(services: Services, registered: Registered) -> str:
    """Its workflow id, once a worker has taken it there."""
    seen = await eventually(
        lambda: services.reads.executions.detail(registered.execution_id),
        lambda detail: detail.execution.cause == "awaiting_approval",
    )
    return seen.execution.workflow_id


async def verdicts(services: Services, task_queue: str, workflows: Sequence[type] | None = None) -> list[Verdict]:
    runs = OpenRuns(temporal=services.temporal, task_queue=task_queue)
    async with gate.opened(workflows) as opened:
        return [verdict async for verdict in opened.judged(runs.histories())]


@pytest.mark.usefixtures("delivering")
async def test_runs_in_flight_are_replayed_and_a_careless_change_is_refused_before_it_is_deployed(
    services: Services, support: Actor, temporal_address: str, task_queue: str
) -> None:
    slugs = ("gate-one", "gate-two")
    async with run_worker(services, temporal_address, task_queue):
        registered = [await register(services, support, slug) for slug in slugs]
        names = [await waiting(services, each) for each in registered]
        await pause(services, names[0])
    runs = OpenRuns(temporal=services.temporal, task_queue=task_queue)
    await eventually(runs.count, lambda count: count == len(names))

    good = await verdicts(services, task_queue)
    bad = await verdicts(services, task_queue, [bad_workflows.Unchanged])

    assert {(verdict.workflow_id, verdict.tenant) for verdict in good} == set(zip(names, slugs, strict=True))
    assert [verdict.problem for verdict in good] == [None, None]
    assert all(verdict.build for verdict in good)
    assert {verdict.workflow_id for verdict in bad if verdict.breaks} == set(names)
    assert all("patch marker" in (verdict.problem or "") for verdict in bad)


async def pause(services: Services, workflow_id: str) -> None:
    """As an operator of Temporal would: the SDK's own lists and descriptions break at such a run."""
    client = services.temporal.client
    await client.workflow_service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(
            namespace=client.namespace, workflow_id=workflow_id, identity="test", request_id=str(uuid4())
        )
    )

    async def status() -> RunStatus | None:
        run = await services.temporal.describe(workflow_id)
        return None if run is None else run.status

    await eventually(status, lambda seen: seen is RunStatus.PAUSED)


async def replay(*words: str, **variables: str) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from console.cli import main; main()", "replay", *words, cwd=ROOT,
        env=environment(**variables), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


async def test_the_command_exits_with_1_when_a_run_would_break_and_names_it(tmp_path: Path) -> None:
    (good, *_) = histories.recorded("success")
    bad = tmp_path / "bad.json"
    bad.write_text(good.text.replace('"migrate_schema"', '"move_schema"'))

    code, said, _ = await replay("--history", str(good.path), str(bad), "--json")

    report = json.loads(said)
    assert code == 1
    assert (report["looked_at"], report["broken"]) == (2, 1)
    assert "move_schema" in report["runs"][0]["problem"]


async def test_the_command_exits_with_0_when_all_would_go_on(temporal_address: str, task_queue: str) -> None:
    code, said, _ = await replay("--open", TEMPORAL_ADDRESS=temporal_address, TENANTRY_TASK_QUEUE=task_queue)

    assert (code, said) == (0, "No run is in flight.\n")


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (("--open",), NOBODY, "Temporal cannot be reached"),
        (("--open",), {**NOBODY, "TENANTRY_PORT": "many"}, "TENANTRY_PORT"),
        (("--history", "no-such-file.json"), {}, "no-such-file.json is no history in JSON"),
        ((), {}, "--open --history is required"),
    ],
)
async def test_the_command_exits_with_2_when_it_cannot_look(
    words: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    code, stdout, stderr = await replay(*words, **variables)

    assert (code, stdout) == (2, "")
    assert said in stderr
    assert "Traceback" not in stderr
