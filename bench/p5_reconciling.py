"""P5: finding a hundredth of drift among many running rows, against one `describe` per row.

A hundred thousand rows stand against a generated side of Temporal, in a process of their own whose memory counts;
five thousand stand against real runs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from uuid import UUID, uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from bench import servers
from bench.recorded_temporal import Counted, recorded, recorded_run_id, watched
from bench.results import Figure, Result, peak_memory
from operations import tenant_kinds
from operations.bootstrap import Services
from operations.database import Database
from operations.reconciliation.limits import Limits
from operations.reconciliation.observations import Observer
from operations.statuses import PassTrigger
from operations.temporal import OPERATION_UUID, Temporal
from workbench.dataset import load_running
from workbench.servers import eventually

ROWS, REAL_ROWS = 100_000, 5_000
ONE_IN = 100  #: rows that drifted
PASSES = 3  #: two must do, and the third must find nothing to do
MOST_DESCRIBES, LEAST_SAVED, MOST_SECONDS, MOST_MEMORY = 1.5, 20, 60.0, 300.0
PREFIX = "bench-"
QUEUE = "nobody"


@dataclass(frozen=True, kw_only=True, slots=True)
class Passes:
    """What the passes did, and what the usual way costs on the same side of Temporal."""

    drifted: int
    healed: Sequence[int]  #: by pass
    seconds: Sequence[float]  #: by pass
    described: int  #: in all passes
    calls: int  #: of the first pass, of any kind
    peer_calls: int
    peer_seconds: float
    megabytes: float  #: the most that the process held


async def run(*, full: bool) -> Result:
    async with servers.postgres() as server, servers.temporal() as address:
        generated = await _in_a_process_of_its_own(await server.database("generated"))
        real = await _against_real_runs(await server.database("real"), address)
    settings: dict[str, str | int | float] = {"rows": ROWS, "real_rows": REAL_ROWS, "drifted_one_in": ONE_IN}
    figures = [*_figures(generated, f"{ROWS:,} generated", timed=False), *_figures(real, f"{REAL_ROWS:,} real")]
    figures.append(
        Figure(
            what=f"{ROWS:,} generated: most resident memory, both sides together",
            unit="MB",
            ours=generated.megabytes,
            bar=f"≤ {MOST_MEMORY:g} MB",
            passed=generated.megabytes <= MOST_MEMORY,
        )
    )
    return Result(name="P5", title="reconciling running rows", settings=settings, figures=figures)


def _figures(passes: Passes, of: str, *, timed: bool = True) -> list[Figure]:
    """Generated answers take no time, so that the peer's time says nothing there."""
    healed, describes = sum(passes.healed[:2]), passes.described / passes.drifted
    return [
        Figure(
            what=f"{of}: healed by two passes",
            unit="rows",
            ours=healed,
            bar=f"all {passes.drifted:,}",
            passed=healed == passes.drifted,
        ),
        Figure(
            what=f"{of}: changed by the third pass",
            unit="",
            ours=passes.healed[2],
            bar="0",
            passed=not passes.healed[2],
        ),
        Figure(
            what=f"{of}: descriptions per drifted row",
            unit="",
            ours=describes,
            bar=f"≤ {MOST_DESCRIBES}",
            passed=describes <= MOST_DESCRIBES,
        ),
        Figure(
            what=f"{of}: calls of a pass that heals, against describing each row",
            unit="",
            ours=passes.calls,
            peer=passes.peer_calls,
            bar=f"≤ 1/{LEAST_SAVED}",
            passed=passes.calls * LEAST_SAVED <= passes.peer_calls,
        ),
        Figure(
            what=f"{of}: a pass that heals",
            unit="s",
            ours=max(passes.seconds),
            peer=passes.peer_seconds if timed else None,
            bar=f"≤ {MOST_SECONDS:g} s",
            passed=max(passes.seconds) <= MOST_SECONDS,
        ),
    ]


async def _in_a_process_of_its_own(url: str) -> Passes:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _measure_generated, url)


def _measure_generated(url: str) -> Passes:
    return asyncio.run(_against_generated_runs(url))


async def _against_generated_runs(url: str) -> Passes:
    ids = _new_ids(ROWS)
    load_running(url, ids, [recorded_run_id(number) for number in range(ROWS)], prefix=PREFIX, task_queue=QUEUE)
    temporal, counted = recorded(ids, PREFIX, one_in=ONE_IN)
    return await _measure(url, temporal, counted, drifted=ROWS // ONE_IN, rows=ROWS)


async def _against_real_runs(url: str, address: str) -> Passes:
    client = await Client.connect(address)
    ids = _new_ids(REAL_ROWS)
    load_running(url, ids, await _start(client, ids), prefix=PREFIX, task_queue=QUEUE)
    await _end_some(client)
    temporal, counted = watched(client)
    return await _measure(url, temporal, counted, drifted=REAL_ROWS // ONE_IN, rows=REAL_ROWS)


async def _measure(url: str, temporal: Temporal, counted: Counted, *, drifted: int, rows: int) -> Passes:
    database = Database.at(url, name="bench")
    limits = Limits(grace=0)
    services = Services.assemble(database, temporal, name="bench", task_queue=QUEUE, secret_key="", limits=limits)
    healed, seconds, described, calls = [], [], 0, []
    for _ in range(PASSES):
        counted.calls.clear()
        began = time.monotonic()
        result = await services.reconciler.run_pass(PassTrigger.OPERATOR, "bench")
        seconds.append(time.monotonic() - began)
        calls.append(counted.calls.total())
        healed.append(result.healed)
        described += counted.calls["describe_workflow_execution"]
    await services.close()
    megabytes = peak_memory()
    counted.calls.clear()
    began = time.monotonic()
    await _describe_each(temporal, rows, limits.concurrency)
    return Passes(
        drifted=drifted,
        healed=healed,
        seconds=seconds,
        described=described,
        calls=calls[0],
        peer_calls=counted.calls.total(),
        peer_seconds=time.monotonic() - began,
        megabytes=megabytes,
    )


async def _describe_each(temporal: Temporal, rows: int, at_once: int) -> None:
    """The usual way, with as many questions at a time."""
    observer = Observer(temporal=temporal)

    async def one(number: int) -> None:
        await observer.describe(f"{PREFIX}{number}", None, "")

    await _at_most(at_once, one, range(rows))


def _new_ids(number: int) -> list[UUID]:
    return [uuid4() for _ in range(number)]


async def _start(client: Client, ids: Sequence[UUID]) -> list[str]:
    """The run ids."""
    run_ids = [""] * len(ids)

    async def one(number: int) -> None:
        handle = await client.start_workflow(
            tenant_kinds.PROVISIONING.temporal_name,
            "x",
            id=f"{PREFIX}{number}",
            task_queue=QUEUE,
            search_attributes=TypedSearchAttributes([SearchAttributePair(OPERATION_UUID, str(ids[number]))]),
        )
        run_ids[number] = handle.first_execution_run_id or ""

    await _at_most(40, one, range(len(ids)))
    return run_ids


async def _end_some(client: Client) -> None:
    """Every other one is terminated, the rest are deleted; returns when the lists know."""
    drifted = range(0, REAL_ROWS, ONE_IN)

    async def one(number: int) -> None:
        if number // ONE_IN % 2:
            request = DeleteWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=f"{PREFIX}{number}"),
            )
            await client.workflow_service.delete_workflow_execution(request)
        else:
            await client.get_workflow_handle(f"{PREFIX}{number}").terminate("drift")

    async def open_runs() -> int:
        return (await client.count_workflows("ExecutionStatus = 'Running'")).count

    await eventually(open_runs, lambda number: number == REAL_ROWS)
    await _at_most(20, one, drifted)
    await eventually(open_runs, lambda number: number == REAL_ROWS - len(drifted))


async def _at_most(number: int, do: Callable[[int], Awaitable[None]], numbers: Sequence[int]) -> None:
    """All of them, so many at a time."""
    remaining = iter(numbers)

    async def work() -> None:
        for each in remaining:
            await do(each)

    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(work())
