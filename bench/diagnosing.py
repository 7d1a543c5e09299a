"""A round of the watcher over many running rows of which a tenth stands still, with and without anybody to work.

Every still row is a real run that waits for a signal, about which one description says too little: the dearest kind.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench import servers
from bench.results import Figure, Result
from operations import tenant_kinds
from operations.database import Database
from operations.diagnosis.facts import Patience
from operations.diagnosis.leases import Round
from operations.diagnosis.watcher import Watcher
from operations.temporal import OPERATION_UUID, Temporal
from workbench.dataset import load_running
from workbench.servers import eventually

ROWS, STILL = 10_000, 1_000
MOST_SECONDS, MOST_CALLS = 10.0, 1.2
PREFIX, QUEUE = "bench-", "bench-diagnosis"
waiting: set[str] = set()  #: runs that have nothing left to do


@workflow.defn(name=tenant_kinds.PROVISIONING.temporal_name)
class Waits:
    """For something that never comes."""

    @workflow.run
    async def run(self, _: str) -> None:
        waiting.add(workflow.info().workflow_id)
        await workflow.wait_condition(lambda: False)


async def run(*, full: bool) -> Result:
    async with servers.postgres() as server, servers.temporal() as address:
        url = await server.database("diagnosing")
        client = await Client.connect(address)
        ids = [uuid4() for _ in range(ROWS)]
        run_ids = await _start(client, ids[:STILL])
        load_running(url, ids, [*run_ids, *("moving" for _ in range(ROWS - STILL))], prefix=PREFIX, task_queue=QUEUE)
        _age(url, ids[:STILL])
        watcher = Watcher.of(
            Database.at(url, name="bench"), await Temporal.at(address), name="bench", patience=Patience()
        )
        first = await _round(watcher)  # nobody knows yet whether a worker will come
        idle = await eventually(lambda: _round(watcher), lambda done: done.described == 0, within=90)
        async with Worker(client, task_queue=QUEUE, workflows=[Waits], workflow_runner=UnsandboxedWorkflowRunner()):
            await eventually(_number_waiting, lambda number: number == STILL, within=300)
            watcher.looker.forget([])  # what it was told before
            busy, again = await _round(watcher), await _round(watcher)
        await watcher.database.close()
    figures = [
        *_figures("with a worker", busy),
        *_figures("without a worker", idle),
        *_figures("the first of a process", first),
    ]
    figures.append(Figure(what="the next round, with a worker: calls", unit="", ours=again.asked, detail=True))
    return Result(
        name="diagnosing", title="a round of the watcher", settings={"rows": ROWS, "still": STILL}, figures=figures
    )


def _figures(of: str, done: Round) -> list[Figure]:
    calls = done.asked / STILL
    return [
        Figure(
            what=f"{of}: seconds",
            unit="s",
            ours=done.seconds,
            bar=f"≤ {MOST_SECONDS:g} s",
            passed=done.seconds <= MOST_SECONDS,
        ),
        Figure(
            what=f"{of}: calls per still row",
            unit="",
            ours=calls,
            bar=f"≤ {MOST_CALLS}",
            passed=calls <= MOST_CALLS,
        ),
        Figure(what=f"{of}: rows looked at", unit="", ours=done.still, bar=f"{STILL:,}", passed=done.still == STILL),
    ]


async def _round(watcher: Watcher) -> Round:
    done = await watcher.tend()
    if done is None:
        raise RuntimeError("somebody else watches")
    return done


async def _start(client: Client, ids: Sequence[UUID]) -> list[str]:
    """The run ids."""
    run_ids = [""] * len(ids)
    numbers = iter(range(len(ids)))

    async def work() -> None:
        for number in numbers:
            handle = await client.start_workflow(
                tenant_kinds.PROVISIONING.temporal_name,
                "x",
                id=f"{PREFIX}{number}",
                task_queue=QUEUE,
                search_attributes=TypedSearchAttributes([SearchAttributePair(OPERATION_UUID, str(ids[number]))]),
            )
            run_ids[number] = handle.first_execution_run_id or ""

    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(work())
    return run_ids


def _age(url: str, ids: Sequence[UUID]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE workflow_executions SET last_progress_at = now()")
        connection.execute(
            "UPDATE workflow_executions SET last_progress_at = now() - interval '1 hour' WHERE id = ANY(%s)",
            (list(ids),),
        )


async def _number_waiting() -> int:
    return len(waiting)
