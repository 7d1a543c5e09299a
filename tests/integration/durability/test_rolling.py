"""Workers are replaced one after the other while runs go on: the others take over, and no step is cut off."""

import asyncio
from pathlib import Path

import pytest

from operations.statuses import Decision, Status
from tests.integration.durability.conftest import OPERATOR, TABLES, Provisioning
from workbench.consoles import Servers
from workbench.processes import running, worker_process

RUNS = 100
TAKES_OVER = 8.0  # seconds; without the word of the worker that goes, Temporal would wait ten for it

TWICE = """
    SELECT s.execution_id || ' ' || s.name || ' ' || s.attempts FROM execution_steps s
    WHERE s.attempts > 1 OR s.status <> 'completed'
"""


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.usefixtures("delivering")
async def test_a_rolling_restart_under_load_loses_nothing_and_does_nothing_twice(
    provisioning: Provisioning, servers: Servers, tmp_path: Path
) -> None:
    workers = [worker_process(servers, tmp_path / f"worker-{number}.log") for number in range(2)]

    async with running(*workers):
        registered = []
        for number in range(RUNS):
            registered.append(await provisioning.register(f"rolling-{number}"))
            if number in (RUNS // 4, RUNS // 2):
                worker = workers[number // (RUNS // 2)]
                assert await worker.end() == 0
                await worker.start()
        ends = await asyncio.gather(*(provisioning.ended(run.execution_id, within=120) for run in registered))

    assert {end.execution.status for end in ends} == {Status.COMPLETED}
    assert await provisioning.column(TWICE) == []
    for run in registered[:: RUNS // 10]:
        assert await provisioning.tables(run.slug) == TABLES


@pytest.mark.usefixtures("delivering")
async def test_a_second_worker_takes_a_waiting_run_over_within_seconds(
    provisioning: Provisioning, servers: Servers, tmp_path: Path
) -> None:
    first, second = (worker_process(servers, tmp_path / f"{name}.log") for name in ("first", "second"))
    async with running(first, second):
        waiting = [await provisioning.register(f"handed-over-{number}", "enterprise") for number in range(6)]
        for run in waiting:
            await provisioning.waiting_for_approval(run.execution_id)

        assert await first.end() == 0
        for run in waiting:
            await provisioning.services.executions.decide(OPERATOR, run.execution_id, Decision.APPROVED, "signed")
        ends = await asyncio.gather(*(provisioning.ended(run.execution_id, within=TAKES_OVER) for run in waiting))

    assert {end.execution.status for end in ends} == {Status.COMPLETED}
    for end in ends:  # by either version: a worker that began a moment ago keeps the others from the second
        assert {step.name for step in end.steps} == set(end.planned)
