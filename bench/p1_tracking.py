"""P1: what tracking costs, against the same runs untracked and against the classic decorator.

Runs are started as the deliverer starts them, which also writes that they run: that is part of P6.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy import Engine, bindparam, create_engine, func, insert, select, text
from temporalio import activity
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.worker import Worker

from bench import five_steps, servers
from bench.five_steps import Decorated, FiveSteps
from bench.results import Figure, Result
from operations.connections import connect_blocking
from operations.database import Database
from operations.models import Execution
from operations.start_header import marking
from operations.statuses import Status
from operations.temporal import OPERATION_UUID
from workers.tracking import plugin

RUNS, ROUNDS = 100, 5
AT_ONCE = 40
MOST = 1.15

STATUS = text(
    "UPDATE workflow_executions SET status = :status,"
    " completed_at = CASE WHEN :status = 'completed' THEN clock_timestamp() END WHERE id = :id"
).bindparams(bindparam("status"), bindparam("id"))

Start = Callable[[UUID], Awaitable[object]]


async def run(*, full: bool) -> Result:
    async with servers.postgres() as server, servers.temporal() as address:
        database = Database.at(await server.database("tracking"), name="bench", pool_size=20)
        client = await Client.connect(address)
        seconds = await _all_rounds(client, database)
        await database.close()
    plain, tracked, decorated = seconds["plain"], seconds["tracked"], seconds["decorated"]
    per_run = 1000 / (RUNS * ROUNDS)
    return Result(
        name="P1",
        title="tracking, per run of five steps",
        settings={"runs": RUNS * ROUNDS, "at_once": AT_ONCE},
        figures=[
            Figure(
                what="tracked, against untracked",
                unit="ms",
                ours=tracked * per_run,
                peer=plain * per_run,
                bar=f"≤ {MOST}×",
                passed=tracked <= MOST * plain,
            ),
            Figure(
                what="tracked, against the decorator",
                unit="ms",
                ours=tracked * per_run,
                peer=decorated * per_run,
                bar="< 1×",
                passed=tracked < decorated,
            ),
        ],
    )


async def _all_rounds(client: Client, database: Database) -> dict[str, float]:
    """Seconds by kind; the kinds take turns, so that other work on the machine falls on all of them."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect_blocking(database.dsn), pool_size=20)
    queues = {kind: f"bench-{kind}-{uuid.uuid4().hex[:6]}" for kind in ("plain", "tracked", "decorated")}
    begun = marking(client)
    starts: dict[str, Start] = {
        "plain": lambda id_: client.execute_workflow(FiveSteps.run, id=_name(id_), task_queue=queues["plain"]),
        "tracked": lambda id_: begun.execute_workflow(
            FiveSteps.run,
            id=_name(id_),
            task_queue=queues["tracked"],
            search_attributes=TypedSearchAttributes([SearchAttributePair(OPERATION_UUID, str(id_))]),
        ),
        "decorated": lambda id_: client.execute_workflow(
            Decorated.run, str(id_), id=_name(id_), task_queue=queues["decorated"]
        ),
    }
    seconds = dict.fromkeys(starts, 0.0)
    plain = Worker(client, task_queue=queues["plain"], workflows=[FiveSteps], activities=[five_steps.step])
    tracked = Worker(
        client,
        task_queue=queues["tracked"],
        workflows=[FiveSteps],
        activities=[five_steps.step],
        plugins=[plugin.tracking(database)],
    )
    decorated = Worker(
        client,
        task_queue=queues["decorated"],
        workflows=[Decorated],
        activities=[five_steps.step, _status_activity(engine)],
    )
    async with plain, tracked, decorated:
        for start in starts.values():
            await _one_round(database, start, RUNS // 5)
        for _ in range(ROUNDS):
            for kind, start in starts.items():
                seconds[kind] += await _one_round(database, start, RUNS)
    engine.dispose()
    await _check_tracked(database)
    return seconds


def _status_activity(engine: Engine) -> Callable[[str, str], Awaitable[None]]:
    """Writes a status through blocking SQLAlchemy on the worker's event loop, as it is commonly done."""

    @activity.defn(name="bench_status")
    async def write_status(execution_id: str, status: str) -> None:
        with engine.begin() as connection:
            connection.execute(STATUS, {"status": status, "id": execution_id})

    return write_status


async def _one_round(database: Database, start: Start, runs: int) -> float:
    ids = [uuid.uuid4() for _ in range(runs)]
    await _insert(database, ids)
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(id_: UUID) -> None:
        async with slots:
            await start(id_)

    began = time.monotonic()
    await asyncio.gather(*(one(id_) for id_ in ids))
    return time.monotonic() - began


def _name(id_: UUID) -> str:
    """Of the run, as its row has it: reports about another run are refused."""
    return f"bench-{id_}"


async def _check_tracked(database: Database) -> None:
    """Bookkeeping that writes nothing would be cheap."""
    counted = select(func.count()).where(Execution.status == Status.COMPLETED, Execution.run_id.is_not(None))
    async with database.reading() as connection:
        completed = await connection.scalar(counted)
    if completed != RUNS // 5 + RUNS * ROUNDS:
        raise RuntimeError(f"{completed} tracked runs were written down as completed")


async def _insert(database: Database, ids: Sequence[UUID]) -> None:
    rows = [
        {
            "id": id_,
            "workflow_id": _name(id_),
            "workflow_type": "bench",
            "entity_type": "tenant",
            "entity_id": id_,
            "task_queue": "bench",
            "input": {},
            "requested_by": "bench",
        }
        for id_ in ids
    ]
    async with database.transaction() as connection:
        await connection.execute(insert(Execution), rows)
